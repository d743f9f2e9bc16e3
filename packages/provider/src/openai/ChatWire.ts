/**
 * The members of the chunks of a Chat Completions stream that are used here. The server may send anything, so every member
 * is optional and has the type `unknown` until it is checked.
 */
export interface ChatCallDelta {
  readonly index?: unknown
  readonly id?: unknown
  readonly function?: { readonly name?: unknown; readonly arguments?: unknown } | null
}

export interface ChatDelta {
  readonly content?: unknown
  readonly refusal?: unknown
  /** How DeepSeek, vLLM and llama.cpp name the text of the model's reasoning. */
  readonly reasoning_content?: unknown
  /** How OpenRouter, Ollama and newer versions of vLLM name it. */
  readonly reasoning?: unknown
  readonly tool_calls?: unknown
}

export interface ChatChoice {
  readonly index?: unknown
  readonly delta?: ChatDelta | null
  readonly finish_reason?: unknown
}

export interface ChatUsage {
  readonly prompt_tokens?: unknown
  readonly completion_tokens?: unknown
  readonly prompt_tokens_details?: { readonly cached_tokens?: unknown; readonly cache_write_tokens?: unknown } | null
}

export interface ChatChunk {
  readonly id?: unknown
  /** `error` if the chunk itself is the error. */
  readonly object?: unknown
  readonly error?: unknown
  readonly choices?: unknown
  readonly usage?: ChatUsage | null
}
