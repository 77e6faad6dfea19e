"""Opens files that quarry exports with programs of other makes.

usage: read.py xlsx|stix|navigator|timesketch FILE

Prints what they found as one JSON object; ends with an error where a file does
not hold what its format asks for.
"""
import json
import sys


def xlsx(path):
    import openpyxl

    book = openpyxl.load_workbook(path)
    sheets = {}
    for sheet in book:
        rows = list(sheet.iter_rows(values_only=True))
        sheets[sheet.title] = {
            "rows": len(rows),
            "first": [str(c) for c in rows[0]],
            "formulas": sum(c.data_type == "f" for r in sheet.iter_rows() for c in r),
            "dates": sum(c.is_date for r in sheet.iter_rows() for c in r),
            "tables": len(sheet.tables),
            "text": " ".join(str(c) for r in rows for c in r if c is not None),
        }
    return sheets


def stix(path):
    import stix2

    with open(path, encoding="utf-8") as f:
        # Strict: no properties but those of STIX 2.1, ids of the right kind.
        bundle = stix2.parse(f.read(), allow_custom=False)
    kinds, ids = {}, {o.id for o in bundle.objects}
    for o in bundle.objects:
        kinds[o.type] = kinds.get(o.type, 0) + 1
        for name in o:
            refs = [o[name]] if name.endswith("_ref") else o[name] if name.endswith("_refs") else []
            missing = [r for r in refs if r not in ids]
            if missing:
                raise SystemExit(f"{o.id}: {name} names {missing}, which is not in the bundle")
        if o.type in ("ipv4-addr", "ipv6-addr", "user-account"):
            # The library works out the id for itself.
            same = stix2.parse({k: v for k, v in json.loads(o.serialize()).items() if k != "id"}, version="2.1")
            if same.id != o.id:
                raise SystemExit(f"{o.id}: the id should be {same.id}")
    return kinds


def navigator(path):
    from mitreattack.navlayers import Layer

    layer = Layer(strict=True)
    layer.from_file(path)
    return {
        "domain": layer.layer.domain,
        "version": layer.layer.versions.layer,
        "techniques": {t.techniqueID: t.score for t in layer.layer.techniques},
    }


def timesketch(path):
    """What Timesketch's importer would upload of the file."""
    import datetime

    from timesketch_import_client import importer

    lines = []

    class Streamer(importer.ImportStreamer):
        def _ready(self):
            pass  # there is no server

        def _upload_data_frame(self, data_frame, end_stream, retry_count=0):
            lines.extend(json.loads(l) for l in data_frame.to_json(orient="records", lines=True).splitlines())

        def _upload_data_buffer(self, end_stream, data_lines=None, retry_count=0):
            lines.extend(data_lines or self._data_lines)

    streamer = Streamer()
    streamer.add_file(path)
    streamer.close()
    times = []
    for line in lines:
        for name in ("message", "datetime", "timestamp", "timestamp_desc"):
            if line.get(name) in (None, ""):
                raise SystemExit(f"{path}: a line without {name}: {line}")
        text = line["datetime"].replace("Z", "+00:00")
        time = datetime.datetime.fromisoformat(text[:-5] + text[-5:-2] + ":" + text[-2:] if text[-5] in "+-" else text)
        micros = (time - datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)) // datetime.timedelta(microseconds=1)
        if micros != line["timestamp"]:
            raise SystemExit(f"{path}: datetime and timestamp differ: {line}")
        times.append(micros)
    return {"rows": len(lines), "first": min(times), "last": max(times)}


if __name__ == "__main__":
    kind, path = sys.argv[1:]
    json.dump({"xlsx": xlsx, "stix": stix, "navigator": navigator, "timesketch": timesketch}[kind](path), sys.stdout)
