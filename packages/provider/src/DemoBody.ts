import type { Message } from "@parley/domain/Message"
import type { ModelRequest } from "@parley/domain/ModelsManager"
import type { Piece } from "@parley/domain/RequestSize"
import { envelope, list } from "./Pieces.ts"

const ofMessage = ({ content, role }: Message, message: number): ReadonlyArray<Piece> => [
  envelope(`${message === 0 ? "" : ","}{"role":"${role}","content":[`),
  ...list(content.map((part, block) => ({ of: { _tag: "Block", message, block }, text: JSON.stringify(part) }))),
  envelope("]}")
]

/** Nothing travels to the demo model. If it did, it would be this: the request as JSON, in its pieces. */
export const pieces = ({ messages, model, system, tools }: ModelRequest): ReadonlyArray<Piece> => [
  envelope(`{"model":${JSON.stringify(model.model)},"tools":[`),
  ...list(tools.map((tool) => ({ of: { _tag: "Tool", name: tool.name }, text: JSON.stringify(tool) }))),
  envelope(`],"system":`),
  { of: { _tag: "System" }, text: JSON.stringify(system) },
  envelope(`,"messages":[`),
  ...messages.flatMap(ofMessage),
  envelope("]}")
]
