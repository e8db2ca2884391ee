"""``index.toml``: what an index says of itself."""

from __future__ import annotations

from graft.base.records import Record
from graft.base.toml_documents import TomlError, read_toml
from graft.indices.fields import Fault, Fields
from graft.indices.reading import check_spec, invalid, toml_line
from graft.indices.toml_descriptor import own_namespace_fault
from graft.model.namespaces import DEFAULT


class IndexInfo(Record):
    """``namespaces`` are those that it serves, with all below them; the default one is the empty
    text. Without any it serves whatever its descriptors declare. ``archive_url`` is where archives
    of what is published will be, with ``{namespace}``, ``{name}`` and ``{version}`` in it; empty
    for the index itself."""

    namespaces: tuple[str, ...] = ()
    description: str = ""
    archive_url: str = ""

    def serves(self, namespace: str) -> bool:
        return not self.namespaces or any(
            namespace == own or (own and namespace.startswith(f"{own}.")) for own in self.namespaces
        )


def read_info(data: bytes | None, where: str) -> IndexInfo:
    """None stands for no file. Raises ``index-invalid`` and ``index-too-new``."""
    if data is None:
        return IndexInfo()
    try:
        document = read_toml(data)
    except TomlError as error:
        raise invalid(error.message, where, error.line) from None
    try:
        fields = Fields(document).table("index")
        try:
            check_spec(fields.value("spec"), where, lambda _: toml_line(data, ("index", "spec")))
        except Fault as wrong:
            raise fields.fault(wrong.message, "spec") from None
        namespaces = fields.texts("namespaces") or fields.texts("namespace")
        for namespace in namespaces:
            fault = own_namespace_fault(namespace)
            if fault:
                raise fields.fault(f"the namespace '{namespace}' {fault}", "namespaces")
        return IndexInfo(
            namespaces=tuple("" if each == DEFAULT else each for each in namespaces),
            description=fields.text("description"),
            archive_url=fields.text("archive-url"),
        )
    except Fault as fault:
        raise invalid(fault.message, where, toml_line(data, fault.path)) from None
