import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import * as Result from "effect/Result"
import * as Effect from "effect/Effect"
import { McpServerConfig, ServerName } from "@parley/domain/McpServerConfig"
const show = (name: string, s: any, v: unknown) => {
  const r = Schema.decodeUnknownResult(s)(v, { errors: "all", onExcessProperty: "error" })
  if (Result.isSuccess(r)) return console.log(name, "OK", r.success)
  const dump = (i: any): any => ({ t: i._tag, ...(i.path ? { p: i.path } : {}), ...(i.issue ? { i: dump(i.issue) } : {}), ...(i.issues ? { is: i.issues.map(dump) } : {}), ...(i.ast ? { ast: i.ast._tag } : {}), ...(i.annotations?{a:i.annotations}:{}), ...(i.filter?{f:i.filter.annotations?.expected}:{}), ...(["InvalidType","InvalidValue"].includes(i._tag)?{m:SchemaIssue.defaultLeafHook(i)}:{}) })
  console.log(name, JSON.stringify(dump((r.failure as any).issue)))
}
show("rec", Schema.Struct({ m: Schema.Record(ServerName, Schema.Int) }), { m: { "bad name": 1, ok: "x" } })
show("lit", Schema.Struct({ m: Schema.Literals(["note", "drop"]) }), { m: "foo" })
show("lit2", Schema.Struct({ m: Schema.Literals(["note", "drop"]) }), { m: 3 })
show("union", Schema.Struct({ m: Schema.Union([Schema.String, Schema.Struct({ file: Schema.String })]).annotate({ expected: "text or file" }) }), { m: 3 })
show("union2", Schema.Struct({ m: Schema.Union([Schema.String, Schema.Struct({ file: Schema.String })]) }), { m: { file: 3 } })
show("types", Schema.Struct({ a: Schema.Boolean, b: Schema.Int, c: Schema.Array(Schema.String), d: Schema.Record(Schema.String, Schema.String), e: Schema.Struct({x: Schema.String}), f: Schema.NonEmptyString, g: Schema.Finite, h: Schema.Json, i: Schema.Int }), { a: 1, b: "x", c: 3, d: 4, e: 5, f: "", g: "d", h: undefined, i: 1.5 })
show("mcp", McpServerConfig, { command: "x", url: "http://x" })
show("mcp", McpServerConfig, {})
show("mcp", McpServerConfig, { command: 3 })
show("red", Schema.Struct({ k: Schema.RedactedFromValue(Schema.String.check(Schema.isPattern(/^a/))) }), { k: "zz" })
show("red", Schema.Struct({ k: Schema.RedactedFromValue(Schema.String) }), { k: 3 })
show("def", Schema.Struct({ k: Schema.Int.check(Schema.isGreaterThan(0), Schema.isLessThanOrEqualTo(60)).pipe(Schema.withDecodingDefaultKey(Effect.succeed(3))), l: Schema.Boolean.pipe(Schema.withDecodingDefaultKey(Effect.succeed(true))) }), { k: -3 })
show("def", Schema.Struct({ k: Schema.Int.check(Schema.isGreaterThan(0)).pipe(Schema.withDecodingDefaultKey(Effect.succeed(3))) }), {})
show("flt", Schema.Struct({ k: Schema.Array(Schema.Struct({id: Schema.String})).check(Schema.makeFilter((xs) => xs.map((x, i) => ({ path: [i, "id"], issue: "dup" })))) }), { k: [{id:"a"},{id:"b"}] })
show("json rec", Schema.Record(Schema.String, Schema.Json), { k: [{id:undefined}] })
