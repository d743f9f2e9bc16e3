import * as Option from "effect/Option"
import * as Schema from "effect/Schema"

/** In the format of Jupyter notebooks a text is one string or a list of lines: https://nbformat.readthedocs.io */
const Text = Schema.Union([Schema.String, Schema.Array(Schema.String)])

const Output = Schema.Struct({
  output_type: Schema.String,
  /** Of `stream`. */
  text: Schema.optionalKey(Text),
  /** Of `display_data` and `execute_result`, by media type. */
  data: Schema.optionalKey(Schema.Record(Schema.String, Schema.Json)),
  /** Of `error`. */
  ename: Schema.optionalKey(Schema.String),
  evalue: Schema.optionalKey(Schema.String)
})

const Notebook = Schema.Struct({
  cells: Schema.Array(
    Schema.Struct({
      cell_type: Schema.String,
      source: Text,
      outputs: Output.pipe(Schema.Array, Schema.optionalKey)
    })
  )
})

const decode = Schema.decodeUnknownOption(Schema.fromJsonString(Notebook))
const isText = Schema.is(Text)

const joined = (text: typeof Text.Type): string => (typeof text === "string" ? text : text.join(""))

const ended = (text: string): string => (text === "" || text.endsWith("\n") ? text : `${text}\n`)

const ofData = (data: { readonly [mediaType: string]: Schema.Json }): string => {
  const plain = data["text/plain"]
  const others = Object.keys(data).filter((mediaType) => mediaType !== "text/plain" && mediaType !== "text/html")
  const named = others.length === 0 ? "" : `(${others.join(", ")}, not shown)\n`
  return isText(plain) ? ended(joined(plain)) + named : named
}

const ofOutput = ({ data, ename = "", evalue = "", text }: typeof Output.Type): string => {
  if (text !== undefined) return ended(joined(text))
  if (data !== undefined) return ofData(data)
  return ename === "" ? "" : `${ename}: ${evalue}\n`
}

/** Whether a path is that of a notebook. */
export const isNotebook = (path: string): boolean => path.toLowerCase().endsWith(".ipynb")

/** A notebook as its cells, with their text and textual outputs, and how many there are; `undefined` if it is none. */
export const notebookText = (json: string): { readonly text: string; readonly cells: number } | undefined => {
  const notebook = Option.getOrUndefined(decode(json))
  if (notebook === undefined) return undefined
  const cells = notebook.cells.map(({ cell_type: type, outputs = [], source }, i) => {
    const results = outputs.map(ofOutput).join("")
    return `--- cell ${i + 1} (${type}) ---\n${ended(joined(source))}${results === "" ? "" : `--- output ${i + 1} ---\n${results}`}`
  })
  return { text: cells.join(""), cells: cells.length }
}
