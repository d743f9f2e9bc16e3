import * as Schema from "effect/Schema"

const Content = Schema.Struct({
  type: Schema.String,
  text: Schema.optionalKey(Schema.String),
  id: Schema.optionalKey(Schema.String),
  tool_use_id: Schema.optionalKey(Schema.String)
})
/** As much of a request to the Messages API as fake models look at. */
export const Body = Schema.Struct({
  messages: Schema.Array(
    Schema.Struct({ role: Schema.Literals(["user", "assistant"]), content: Schema.Array(Content) })
  )
})
export type Body = typeof Body.Type
