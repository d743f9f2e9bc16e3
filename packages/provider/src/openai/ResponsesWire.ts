/**
 * The members of the events of a Responses stream that are used here. The server may send anything, so every member is
 * optional and has the type `unknown` until it is checked.
 */
export interface ResponsesItem {
  readonly type?: unknown
  readonly id?: unknown
  readonly call_id?: unknown
  readonly name?: unknown
  readonly arguments?: unknown
  readonly encrypted_content?: unknown
}

export interface ResponsesUsage {
  readonly input_tokens?: unknown
  readonly output_tokens?: unknown
  readonly input_tokens_details?: { readonly cached_tokens?: unknown } | null
}

export interface ResponsesResult {
  readonly id?: unknown
  readonly usage?: ResponsesUsage | null
  readonly error?: unknown
  readonly incomplete_details?: { readonly reason?: unknown } | null
}

export interface ResponsesEvent {
  readonly type?: unknown
  readonly output_index?: unknown
  readonly summary_index?: unknown
  readonly delta?: unknown
  readonly item?: ResponsesItem | null
  readonly response?: ResponsesResult | null
  /** Of an `error` event, which some servers nest in `error`. */
  readonly error?: unknown
  readonly code?: unknown
  readonly message?: unknown
}
