// A part for any record, which does what `conventions` and the contract say and nothing else: whatever the checks find in it, they imagine.
import { readFileSync } from "node:fs";
import { escaped, page } from "../core/pages.ts";
import { json, refuse } from "../core/http.ts";
import type { Answer, Call, Part } from "../core/http.ts";
import { change, find, insert, list, remove, select } from "../core/tables.ts";
import type { Row } from "../core/tables.ts";

const { spec, contract } = JSON.parse(readFileSync(new URL("given.json", import.meta.url), "utf8"));
const FORMS: Record<string, RegExp> = {
  date: /^\d{4}-\d\d-\d\d$/,
  time: /^\d\d:\d\d(:\d\d)?$/,
  "date-time": /^\d{4}-\d\d-\d\dT\d\d:\d\d/,
  email: /^[^@\s]+@[^@\s]+$/,
  uri: /^https?:/,
};
const isEmpty = (value: unknown) => value === undefined || value === null || value === "";

export function partOf(name: string): Part {
  const record = spec.records.find((entry: any) => entry.name === name);
  const table: string = record.plural;
  const noun = name.split("_").map((word) => word[0].toUpperCase() + word.slice(1)).join("");
  const schema = contract.schemas.find((entry: any) => entry.name === `${noun}Create`);
  const rules = spec.rules.filter((rule: any) => rule.record === name);
  const texts = record.fields.filter((field: any) => ["text", "long_text"].includes(field.type)).map((field: any) => field.name);
  const column = (field: string) => {
    if (field === "created_by") return "created_by_id";
    const relation = record.relations.find((entry: any) => entry.name === field);
    return relation ? `${field}_${relation.kind === "many_to_many" ? "ids" : "id"}` : field;
  };

  function scopeOf(endpoint: any, call: Call): string {
    const granted = endpoint.access.find((access: any) => access.role === call.account.role);
    if (!granted) throw refuse(403, "Your role may not do this.");
    return granted.scope;
  }

  function seen(endpoint: any, call: Call): Row {
    const row = find(table, call.id);
    if (!row || (scopeOf(endpoint, call) === "own" && row.created_by_id !== call.account.id)) throw refuse(404, "There is none.");
    return row;
  }

  function checkedValue(prop: any, value: any): void {
    const wrong = (what: string) => refuse(422, `${prop.name}: ${what}`);
    if (isEmpty(value)) {
      if (prop.required) throw wrong("is missing");
      return;
    }
    const type = { string: "string", integer: "number", number: "number", boolean: "boolean", array: "object" }[prop.json_type as string];
    if (typeof value !== type || (prop.json_type === "integer" && !Number.isInteger(value))) throw wrong("another type");
    if (prop.format && !FORMS[prop.format].test(value)) throw wrong("another format");
    if (prop.choices.length && !prop.choices.includes(value)) throw wrong("no such choice");
    const field = record.fields.find((entry: any) => entry.name === prop.name);
    if (typeof field?.minimum === "number" && value < field.minimum) throw wrong("too small");
    if (typeof field?.maximum === "number" && value > field.maximum) throw wrong("too large");
    const target = prop.references === "account" ? "accounts" : spec.records.find((entry: any) => entry.name === prop.references)?.plural;
    for (const id of target && target !== "accounts" ? [value].flat() : []) if (!find(target, id)) throw wrong("refers to nothing");
    if (target === "accounts" && [value].flat().some((id) => id > 1000)) throw wrong("refers to nobody");
  }

  function checked(body: any, before: any, author: number): Record<string, unknown> {
    const given: any = {};
    for (const prop of schema.properties) given[prop.name] = prop.name in body ? body[prop.name] : before?.[prop.name];
    for (const prop of schema.properties) checkedValue(prop, given[prop.name]);
    const others = select(table).filter((other) => other.id !== before?.id);
    for (const field of record.fields.filter((entry: any) => entry.unique))
      if (others.some((other) => other[field.name] === given[field.name])) throw refuse(422, `${field.name} is taken`);
    const whole = { ...given, created_by_id: before?.created_by_id ?? author, created_at: before?.created_at ?? new Date().toISOString() };
    for (const rule of rules) if (isBroken(rule, whole, others)) throw refuse(422, rule.message);
    return given;
  }

  function isBroken(rule: any, row: any, others: any[]): boolean {
    const [first, second] = rule.fields.map(column);
    const alike = (names: string[]) => others.filter((other) => names.every((key) => !isEmpty(row[key]) && other[key] === row[key]));
    switch (rule.kind) {
      case "ordered":
        return !isEmpty(row[first]) && !isEmpty(row[second]) && row[first] >= row[second];
      case "positive":
        return !isEmpty(row[first]) && row[first] <= 0;
      case "unique_together":
        return alike(rule.fields.map(column)).length > 0;
      case "no_overlap":
        return alike(rule.per ? [column(rule.per)] : []).some((other) => other[first] < row[second] && row[first] < other[second]);
      case "same_parent": {
        const [part, wholeOf] = rule.fields.map((field: string) => record.relations.find((entry: any) => entry.name === field));
        const parts = spec.records.find((entry: any) => entry.name === part.target);
        const link = parts.relations.find((entry: any) => entry.target === wholeOf.target);
        return find(parts.plural, row[first])?.[`${link.name}_id`] !== row[second];
      }
      case "limit": {
        const counting = (other: any) => !rule.states.length || rule.states.includes(other.state);
        const span = (other: any) => String(other[first ?? "created_at"]).slice(0, { day: 10, month: 7 }[rule.period as string] ?? 0);
        return alike(rule.per ? [column(rule.per)] : []).filter((other) => counting(other) && span(other) === span(row)).length >= rule.maximum;
      }
      default:
        return false;
    }
  }

  function listed(endpoint: any, call: Call) {
    const conditions = scopeOf(endpoint, call) === "own" ? ["created_by_id = ?"] : [];
    const values: unknown[] = conditions.length ? [call.account.id] : [];
    if (record.workflow && call.query.get("state")) {
      conditions.push("state = ?");
      values.push(call.query.get("state"));
    }
    return list(table, call.query, { where: conditions.join(" AND ") || "1", values, searched: texts.length ? texts : ["created_at"] });
  }

  function answered(endpoint: any, call: Call): Answer {
    const scope = scopeOf(endpoint, call);
    const { operation, success_status: status } = endpoint;
    if (operation === "list") return json(status, listed(endpoint, call));
    if (operation === "report") return json(status, { rows: rowsOf(endpoint, scope, call) });
    const initial = record.workflow ? { state: record.workflow.initial } : {};
    if (operation === "create") return json(status, insert(table, call.account, { ...checked(call.body, undefined, call.account.id), ...initial }));
    const row = seen(endpoint, call);
    if (scope === "own" && endpoint.own_states.length && !endpoint.own_states.includes(row.state)) throw refuse(409, "It is settled.");
    if (operation === "update") return json(status, change(table, row.id, checked(call.body, row, call.account.id)));
    if (operation === "transition") {
      const step = record.workflow.transitions.find((entry: any) => entry.name === endpoint.transition);
      if (!step.from_states.includes(row.state)) throw refuse(409, `It is ${row.state}.`);
      return json(status, change(table, row.id, { state: step.to_state }));
    }
    if (operation === "delete") remove(table, row.id);
    return json(status, operation === "delete" ? undefined : row);
  }

  function rowsOf(endpoint: any, scope: string, call: Call) {
    const report = spec.reports.find((entry: any) => endpoint.path.endsWith(`/${entry.name}`));
    const rows = select(table).filter((row) => scope === "all" || row.created_by_id === call.account.id);
    const groups = new Map<string, number>();
    for (const row of rows) {
      const group = String(row[column(report.group_by)]);
      groups.set(group, (groups.get(group) ?? 0) + (report.measure ? Number(row[report.measure] ?? 0) : 1));
    }
    return [...groups].map(([group, value]) => ({ group, value }));
  }

  const endpoints = contract.endpoints.filter((entry: any) => entry.record === name);
  const listing = endpoints.find((entry: any) => entry.operation === "list");
  const shown = (call: Call): Answer => ({ status: 200, html: page(call.account, table, `<h1>${escaped(listed(listing, call).total)}</h1>`) });
  const routes = endpoints.map((endpoint: any) => ({ ...endpoint, answer: (call: Call) => answered(endpoint, call) }));
  return { routes: listing ? [...routes, { method: "GET", path: `/${table}`, answer: shown }] : routes };
}
