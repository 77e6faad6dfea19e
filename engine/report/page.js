"use strict";
// The report is whole without this: it only sorts tables, filters findings, opens
// and closes what is folded, and opens all of it for printing.
(function () {
  var all = function (what, within) { return Array.prototype.slice.call((within || document).querySelectorAll(what)); };
  var make = function (name, text) { var e = document.createElement(name); e.textContent = text || ""; return e; };

  // A row of evidence and the line with its record are one body of their table.
  function sortable(table) {
    var heads = all("th", table.tHead);
    heads.forEach(function (head, column) {
      var button = make("button", head.textContent);
      button.type = "button";
      head.textContent = "";
      head.appendChild(button);
      button.addEventListener("click", function () {
        var up = head.getAttribute("aria-sort") !== "ascending";
        heads.forEach(function (h) { h.removeAttribute("aria-sort"); });
        head.setAttribute("aria-sort", up ? "ascending" : "descending");
        var bodies = Array.prototype.slice.call(table.tBodies);
        var units = bodies.length > 1 ? bodies : Array.prototype.slice.call(bodies.length ? bodies[0].rows : []);
        var key = function (unit) {
          var cell = (unit.rows ? unit.rows[0] : unit).cells[column];
          return cell ? cell.getAttribute("data-key") || cell.textContent : "";
        };
        var keyed = units.map(function (u) { return { unit: u, key: key(u) }; });
        // Digits are set in groups of three for people.
        var number = function (k) { return /^-?[0-9,]+(\.[0-9]+)?$/.test(k) ? Number(k.replace(/,/g, "")) : NaN; };
        keyed.sort(function (a, b) {
          var x = number(a.key), y = number(b.key);
          var order = isNaN(x) || isNaN(y) ? a.key.localeCompare(b.key, "en", { numeric: true }) : x - y;
          return up ? order : -order;
        }).forEach(function (k) { k.unit.parentNode.appendChild(k.unit); });
      });
    });
  }
  all("table.sort").forEach(sortable);

  function tools(before) {
    var bar = make("div");
    bar.className = "tools";
    before.parentNode.insertBefore(bar, before);
    return bar;
  }

  function filters(table) {
    var rows = all("tbody tr", table), details = {};
    all("#evidence > details").forEach(function (d) { details[d.getAttribute("data-for")] = d; });
    var bar = tools(table.parentNode), choices = [];
    var field = function (label, control) {
      var l = make("label", label);
      l.appendChild(control);
      bar.appendChild(l);
      return control;
    };
    var text = field("Text", make("input"));
    text.type = "search";
    text.id = "filter-text";
    var words = {}; // of each row, with its evidence
    rows.forEach(function (row) {
      var d = details[row.getAttribute("data-for")];
      words[row.getAttribute("data-for")] = (row.textContent + " " + (d ? d.textContent : "")).toLowerCase();
    });
    [["Severity", "severity"], ["Source", "sources"], ["Tactic", "tactics"]].forEach(function (c) {
      var seen = [];
      rows.forEach(function (row) {
        row.getAttribute("data-" + c[1]).split(" ").forEach(function (v) { if (v && seen.indexOf(v) < 0) { seen.push(v); } });
      });
      if (c[1] !== "severity") { seen.sort(); } // those come worst first
      var select = field(c[0], make("select"));
      select.id = "filter-" + c[1];
      select.appendChild(new Option("all", ""));
      seen.forEach(function (v) { select.appendChild(new Option(v.replace(/-/g, " "), v)); });
      choices.push([c[1], select]);
    });
    var reset = make("button", "Show all"), told = make("output");
    reset.type = "button";
    told.setAttribute("aria-live", "polite");
    bar.appendChild(reset);
    bar.appendChild(told);
    var apply = function () {
      var want = text.value.toLowerCase(), shown = 0;
      rows.forEach(function (row) {
        var id = row.getAttribute("data-for");
        var fits = words[id].indexOf(want) >= 0 && choices.every(function (c) {
          return !c[1].value || row.getAttribute("data-" + c[0]).split(" ").indexOf(c[1].value) >= 0;
        });
        row.hidden = !fits;
        if (details[id]) { details[id].hidden = !fits; }
        if (fits) { shown++; }
      });
      told.textContent = shown === rows.length ? "" : shown + " of " + rows.length + " findings";
    };
    text.addEventListener("input", apply);
    choices.forEach(function (c) { c[1].addEventListener("change", apply); });
    reset.addEventListener("click", function () {
      text.value = "";
      choices.forEach(function (c) { c[1].value = ""; });
      apply();
    });
  }
  var table = document.getElementById("findings-table");
  if (table) { filters(table); }

  ["evidence", "queries"].forEach(function (id) {
    var first = document.querySelector("#" + id + " > details");
    if (!first) { return; }
    var bar = tools(first);
    [["Open all", true], ["Close all", false]].forEach(function (b) {
      var button = make("button", b[0]);
      button.type = "button";
      button.addEventListener("click", function () { all("#" + id + " > details").forEach(function (d) { d.open = b[1]; }); });
      bar.appendChild(button);
    });
  });

  // A link into what is folded, or filtered away, leads there nevertheless.
  function reveal() {
    var at = location.hash && document.getElementById(location.hash.slice(1));
    if (!at) { return; }
    for (var d = at; d && d.closest; d = d.parentNode) {
      if (d.tagName === "DETAILS") { d.open = true; }
      if (d.hidden) { d.hidden = false; }
    }
    at.scrollIntoView();
  }
  window.addEventListener("hashchange", reveal);
  reveal();

  window.addEventListener("beforeprint", function () { all("details").forEach(function (d) { d.open = true; }); });
})();
