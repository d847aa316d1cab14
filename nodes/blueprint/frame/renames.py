"""Which table and which column of a new version is which of the old one, as far as the specifications tell."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from nodes.artifacts import AppSpec, RecordSpec, Relation, RelationKind
from nodes.blueprint.frame.members import RelationView
from nodes.blueprint.frame.tables import Table
from nodes.contract import relation_property
from nodes.spec_diff import fields_of, records_of, relations_of


@dataclass(frozen=True)
class Renames:
    """`tables`: old → new name of every table that stays. `columns`: for a table by its new name, old → new name."""

    tables: Mapping[str, str]
    columns: Mapping[str, Mapping[str, str]]

    def column(self, table: str, name: str) -> str:
        """What the column `name` of the table now called `table` is called now."""
        return self.columns.get(table, {}).get(name, name)


def renames_between(before: AppSpec, after: AppSpec, old: Mapping[str, Table], new: Mapping[str, Table]) -> Renames:
    """Records and relations by the specification; tables of recipes by the record's word in their names."""
    tables: dict[str, str] = {name: name for name in old if name in new}
    columns: dict[str, dict[str, str]] = {}
    for one, other in records_of(before, after).pairs:
        tables[one.plural] = other.plural
        columns[other.plural] = dict(_record_columns(one, other))
        for link, other_link in _links(before, after, one, other):
            tables[link.link_table] = other_link.link_table
            columns[other_link.link_table] = {link.link_left: other_link.link_left, link.link_right: other_link.link_right}
        if one.name != other.name:
            _follow(one, other, old, new, tables, columns)
    kept = {name: target for name, target in tables.items() if name in old and target in new}
    return Renames(kept, {table: {a: b for a, b in pairs.items() if a != b} for table, pairs in columns.items()})


def _record_columns(one: RecordSpec, other: RecordSpec) -> Iterator[tuple[str, str]]:
    for field, other_field in fields_of(one, other).pairs:
        yield field.name, other_field.name
    for relation, other_relation in relations_of(one, other).pairs:
        if relation.kind is other_relation.kind is RelationKind.many_to_one:
            yield relation_property(relation), relation_property(other_relation)


def _links(before: AppSpec, after: AppSpec, one: RecordSpec, other: RecordSpec) -> Iterator[tuple[RelationView, RelationView]]:
    new_names = {old.name: new.name for old, new in records_of(before, after).pairs}
    by_name = {relation.name: relation for relation in other.relations}
    for relation in one.relations:
        same = by_name.get(relation.name)
        if (
            same
            and relation.kind is same.kind is RelationKind.many_to_many
            and new_names.get(relation.target, relation.target) == same.target
        ):
            yield _view(relation, one), _view(same, other)


def _view(relation: Relation, record: RecordSpec) -> RelationView:
    return RelationView(relation, record, None, cyclic=False)


def _follow(
    one: RecordSpec,
    other: RecordSpec,
    old: Mapping[str, Table],
    new: Mapping[str, Table],
    tables: dict[str, str],
    columns: dict[str, dict[str, str]],
) -> None:
    """What a recipe keeps of a record carries the record's word: `task_comments.task_id` follows `tasks`."""
    for name, table in old.items():
        if name not in tables and (renamed := _reworded(name, one, other)) in new:
            tables[name] = renamed
        if name in tables:
            home = columns.setdefault(tables[name], {})
            target = new.get(tables[name])
            for column in table.columns:
                wanted = _reworded(column, one, other)
                if target and column not in target.columns and wanted in target.columns:
                    home.setdefault(column, wanted)


def _reworded(name: str, one: RecordSpec, other: RecordSpec) -> str:
    """Whole words only: `task_id` has the word `task`, `multitask` has not."""
    words = f"_{name}_"
    return words.replace(f"_{one.plural}_", f"_{other.plural}_").replace(f"_{one.name}_", f"_{other.name}_").strip("_")
