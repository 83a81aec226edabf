"""XMP sidecars: beside or apart from each copy a small file with the building's name as a keyword."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from xml.sax.saxutils import escape, unescape

from storage.atomic import write_text
from storage.errors import PhotoError
from storage.label_formats.base import LabelFormat, LabelledPhoto, WrittenLabels
from storage.names import inside
from storage.report import SkippedPhoto

ENDING = ".xmp"
HIERARCHY = "Building"
_KEYWORD = re.compile(r"<dc:subject>\n    <rdf:Bag>\n     <rdf:li>(.*?)</rdf:li>", re.DOTALL)
# What XML 1.0 cannot hold (section 2.2), not even escaped.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Xmp(LabelFormat):
    """``NAME.jpg.xmp`` (the spelling of digiKam and darktable) with ``dc:subject`` and ``lr:hierarchicalSubject``.

    A sidecar that this program did not write, or that was changed since, is left as it is, and its photo named. Those
    of photos that are alone now are removed.
    """

    file_name = "xmp"
    is_folder = True

    def write(self, target: Path, photos: Sequence[LabelledPhoto]) -> WrittenLabels:
        """Write the sidecars below the folder ``target``."""
        written = WrittenLabels()
        for photo in photos:
            path = inside(target, f"{photo.name}{ENDING}")
            try:
                former = _own_text(path)
            except PhotoError as error:
                if photo.building is not None:
                    written.skipped.append(SkippedPhoto(photo.name, error.reason))
                continue
            if photo.building is None:
                if former is not None:
                    path.unlink()
                    written.num_removed += 1
            elif former != sidecar_text(photo.building):
                write_text(path, sidecar_text(photo.building))
                written.num_written += 1
        return written


def sidecar_text(building: str) -> str:
    """Give a sidecar (XMP specification part 1, ISO 16684-1) with the building as its only keyword."""
    keyword = escape(_NOT_XML.sub("\ufffd", building))
    deep = escape(_NOT_XML.sub("\ufffd", f"{HIERARCHY}|{building.replace('|', '/')}"))
    return f"""<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="building folders">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about=""
    xmlns:dc="http://purl.org/dc/elements/1.1/"
    xmlns:lr="http://ns.adobe.com/lightroom/1.0/">
   <dc:subject>
    <rdf:Bag>
     <rdf:li>{keyword}</rdf:li>
    </rdf:Bag>
   </dc:subject>
   <lr:hierarchicalSubject>
    <rdf:Bag>
     <rdf:li>{deep}</rdf:li>
    </rdf:Bag>
   </lr:hierarchicalSubject>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>
"""


def _own_text(path: Path) -> str | None:
    """Give the text of a sidecar that this program wrote, None where there is none; PhotoError for another's."""
    if path.is_symlink() or (path.exists() and not path.is_file()):
        raise PhotoError(f"its sidecar {path.name} is no plain file, so it is left as it is")
    if not path.exists():
        return None
    try:
        text = path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError):
        raise PhotoError(f"its sidecar {path.name} cannot be read, so it is left as it is") from None
    found = _KEYWORD.search(text)
    if found is None or sidecar_text(unescape(found[1])) != text:
        raise PhotoError(f"it has a sidecar {path.name} already, which this program did not write or somebody changed")
    return text
