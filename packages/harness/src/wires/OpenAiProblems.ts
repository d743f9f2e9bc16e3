import { overflow, type Problem } from "./Step.ts"

/** How OpenAI reports a problem. */
export const openAiProblems: { readonly [P in Problem]: readonly [status: number, code: string, message: string] } = {
  rate: [429, "rate_limit_exceeded", "Rate limit reached for requests"],
  quota: [429, "insufficient_quota", "You exceeded your current quota"],
  overloaded: [503, "server_is_overloaded", "Our servers are overloaded"],
  internal: [500, "server_error", "The server had an error"],
  key: [401, "invalid_api_key", "Incorrect API key provided"],
  forbidden: [403, "permission_error", "not allowed"],
  model: [404, "model_not_found", "The model `fake` does not exist"],
  invalid: [400, "invalid_request_error", "metadata: a string is expected"],
  overflow: [400, "context_length_exceeded", overflow]
}

export const openAiError = (problem: Problem): { readonly error: object } => {
  const [, code, message] = openAiProblems[problem]
  return { error: { message, type: "api", code } }
}
