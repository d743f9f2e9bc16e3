import * as Schema from "effect/Schema"
import { qualifiedName, reservedServerName } from "../tools/ToolNames.ts"
import { builtInTool, count } from "./BuiltInTool.ts"
import { readResult } from "./ResultReading.ts"

/** The tool that reads stored results. */
export const resultTool = builtInTool({
  name: "read_result",
  description:
    "Reads lines of a tool's result that was too large to be shown. A result that was cut says what the file is called " +
    "that holds the whole of it.",
  input: Schema.Struct({
    name: Schema.String.annotate({ description: "The name of the file, as the result that was cut says it" }),
    offset: count("The first line to read, counted from 1"),
    limit: count("How many lines to read, at most 2000"),
    position: count("Instead of a line: the byte to read from, counted from 0, for a line that is too long", 0)
  }),
  run: ({ results }, input) => readResult(results, input)
})

/** Its qualified name. */
export const readResultName = qualifiedName(reservedServerName, resultTool.name)
