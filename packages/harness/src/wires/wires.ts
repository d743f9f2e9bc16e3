import { ai } from "./AiScript.ts"
import { chat } from "./ChatScript.ts"
import { gemini } from "./GeminiScript.ts"
import { messages } from "./MessagesScript.ts"
import { responses } from "./ResponsesScript.ts"
import type { Wire } from "./Step.ts"

/** Every API that the provider package speaks. */
export const wires: ReadonlyArray<Wire> = [messages, responses, chat, gemini, ai]
