"use strict";
// The report is whole without this: it only lets the table of findings be
// sorted and filtered, and opens the queries for printing.
(function () {
  var table = document.getElementById("findings-table");
  if (table) {
    var body = table.tBodies[0];
    Array.prototype.forEach.call(table.tHead.rows[0].cells, function (head, column) {
      var button = document.createElement("button");
      button.type = "button";
      button.textContent = head.textContent;
      head.textContent = "";
      head.appendChild(button);
      button.addEventListener("click", function () {
        var up = head.getAttribute("aria-sort") !== "ascending";
        Array.prototype.forEach.call(table.tHead.rows[0].cells, function (h) { h.removeAttribute("aria-sort"); });
        head.setAttribute("aria-sort", up ? "ascending" : "descending");
        var key = function (row) { var c = row.cells[column]; return c.getAttribute("data-key") || c.textContent; };
        Array.prototype.slice.call(body.rows).sort(function (a, b) {
          return key(a).localeCompare(key(b), "en", { numeric: true }) * (up ? 1 : -1);
        }).forEach(function (row) { body.appendChild(row); });
      });
    });
    if (body.rows.length > 8) {
      var box = document.createElement("input");
      box.type = "search";
      box.placeholder = "Filter findings";
      box.setAttribute("aria-label", "Filter findings");
      box.className = "filter";
      box.addEventListener("input", function () {
        var want = box.value.toLowerCase();
        Array.prototype.forEach.call(body.rows, function (row) {
          row.hidden = row.textContent.toLowerCase().indexOf(want) < 0;
        });
      });
      table.parentNode.parentNode.insertBefore(box, table.parentNode);
    }
  }
  window.addEventListener("beforeprint", function () {
    Array.prototype.forEach.call(document.querySelectorAll("details"), function (d) { d.open = true; });
  });
})();
