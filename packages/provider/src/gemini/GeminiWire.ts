/**
 * The members of the events of a `streamGenerateContent` response that are used here. The server may send anything, so every
 * member is optional and has the type `unknown` until it is checked.
 */
export interface GeminiPart {
  readonly text?: unknown
  /** True if the text is a summary of the model's reasoning. */
  readonly thought?: unknown
  /** Belongs to its part, whatever the part contains. */
  readonly thoughtSignature?: unknown
  readonly functionCall?: { readonly id?: unknown; readonly name?: unknown } | null
}

export interface GeminiCandidate {
  readonly content?: { readonly role?: unknown; readonly parts?: unknown } | null
  readonly finishReason?: unknown
  readonly finishMessage?: unknown
  readonly safetyRatings?: unknown
}

export interface GeminiUsage {
  /** Includes cached tokens. */
  readonly promptTokenCount?: unknown
  readonly cachedContentTokenCount?: unknown
  /** Results of tools that the provider runs itself; not part of the prompt. */
  readonly toolUsePromptTokenCount?: unknown
  /** Does not include thoughts. */
  readonly candidatesTokenCount?: unknown
  readonly thoughtsTokenCount?: unknown
}

export interface GeminiEvent {
  readonly responseId?: unknown
  readonly candidates?: unknown
  readonly promptFeedback?: { readonly blockReason?: unknown; readonly blockReasonMessage?: unknown } | null
  readonly usageMetadata?: GeminiUsage | null
  readonly error?: unknown
}
