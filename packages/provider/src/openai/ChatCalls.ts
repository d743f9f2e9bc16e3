import type { ProviderChunk } from "@parley/domain/ProviderChunk"
import * as InputPieces from "../stream/InputPieces.ts"
import { string } from "../text/JsonObject.ts"
import type { ChatCallDelta } from "./ChatWire.ts"

interface Call {
  readonly index: number
  /** As the server sent it; empty if it has not sent one. */
  id: string
  /** Empty until the server sends it. The call is passed on from then. */
  name: string
  given: number
  /** The last character of its input that is not white space. */
  last: string
  /** Input that arrived before the name. */
  held: string
}

const argumentsOf = (value: unknown): string =>
  typeof value === "object" && value !== null ? JSON.stringify(value) : string(value)

/**
 * Assembles the tool calls of a Chat Completions stream. Servers differ in how they mark which call a delta belongs to: by
 * its index if there is one, else by its id, else by its position in the list. Some give every call the same index, so
 * another id or another name opens a new call.
 */
export class ChatCalls {
  private readonly byIndex = new Map<number, Call>()
  private readonly byId = new Map<string, Call>()
  private readonly byPosition = new Map<number, Call>()
  private readonly all: Array<Call> = []
  private readonly nextIndex: () => number

  /** `nextIndex` numbers the blocks of the response. */
  constructor(nextIndex: () => number) {
    this.nextIndex = nextIndex
  }

  get count(): number {
    return this.all.length
  }

  /** Whether the server has sent a call without a name. */
  get nameless(): boolean {
    return this.all.some(({ name }) => name === "")
  }

  /** Adds one entry of `tool_calls`. Returns the number of characters that it adds, and whether input was dropped. */
  add(
    delta: ChatCallDelta,
    position: number,
    out: Array<ProviderChunk>
  ): { readonly size: number; readonly dropped: boolean } {
    const id = string(delta.id)
    const name = string(delta.function?.name)
    const input = argumentsOf(delta.function?.arguments)
    const call = this.callOf(delta, position, { id, name, input })
    if (call.id === "") call.id = id
    if (id !== "") this.byId.set(id, call)
    if (call.name === "" && name !== "") {
      call.name = name
      const providerId = call.id === "" ? `call_${this.all.indexOf(call) + 1}` : call.id
      out.push({ _tag: "ToolCallStart", index: call.index, providerId, name })
    }
    call.last = /\S(?=\s*$)/.exec(input.slice(-64))?.[0] ?? call.last
    if (call.name === "") {
      call.held += InputPieces.kept(call.held.length, input)
      return { size: input.length, dropped: false }
    }
    const given = InputPieces.kept(call.given, call.held + input)
    call.held = ""
    call.given += given.length
    if (given !== "") out.push({ _tag: "ToolInputDelta", index: call.index, json: given })
    const dropped = InputPieces.isFull(call.given) && given.length < input.length
    return { size: dropped ? 0 : input.length, dropped }
  }

  private callOf(
    { index }: ChatCallDelta,
    position: number,
    delta: { readonly id: string; readonly name: string; readonly input: string }
  ): Call {
    const known =
      typeof index === "number"
        ? this.byIndex.get(index)
        : delta.id !== ""
          ? this.byId.get(delta.id)
          : this.byPosition.get(position)
    const call = known !== undefined && this.continues(known, delta) ? known : this.open()
    if (typeof index === "number") this.byIndex.set(index, call)
    this.byPosition.set(position, call)
    return call
  }

  private continues(
    call: Call,
    { id, input, name }: { readonly id: string; readonly name: string; readonly input: string }
  ): boolean {
    if (id !== "" && call.id !== "" && id !== call.id) return false
    if (name !== "" && call.name !== "" && name !== call.name) return false
    // A second call of the same tool by a server that sends neither ids nor indexes: complete input does not go on with `{`.
    return !(id === "" && name !== "" && call.last === "}" && input.trimStart().startsWith("{"))
  }

  private open(): Call {
    const call: Call = { index: this.nextIndex(), id: "", name: "", given: 0, last: "", held: "" }
    this.all.push(call)
    return call
  }
}
