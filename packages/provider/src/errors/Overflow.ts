/** What a provider's error means: the request is too large, it has another problem, or neither is clear. */
export type Reading = "too large" | "something else" | "unclear"

/** Error types and codes that mean that the request is too large. Some servers write them as one word. */
const named =
  /context_?(?:size|length|window)|(?:prompt|input|request|content|payload)(?:_\w+)?_too_?(?:long|large)|too_many_(?:\w+_)?tokens|tokens?_limit_(?:reached|exceeded)|prompt_tokens_exceeded/i

/** A path to a part of the request, such as `messages.3.content.0:`. It does not describe the problem. */
const path = /[\w$]+(?:\.\w+|\[\w*\])+:?/g

const excess =
  "exceed\\w*|too (?:long|large|big|many)|(?:longer|larger|greater|more|bigger) than|overflow\\w*|over the|beyond|above|full|reached|surpass\\w*|maximum|does(?: not|n't) fit|not enough room|only supports|<=|>"

/** Request ids that servers append to their messages. */
const quoted = /\b(?:request|trace|correlation)[ _-]?id\b\W*[\w-]*/g

/** Names of the context window. */
const window =
  /context[ _-]?(?:window|length|size|limit)|maximum context|max_model_len|\bn_ctx\b|(?:model|sequence)(?:'s)? (?:token|input|prompt|length)s? ?limit|(?:model|prompt|input|sequence) (?:max(?:imum)? )?length|max(?:imum)? (?:prompt|input|sequence) (?:length|size|tokens)|`?inputs?`? tokens?|prompt tokens?|token (?:limit|count)|number of tokens|total tokens/

/** Names of the request as a whole. */
const whole =
  /\b(?:prompt|inputs?|conversation|messages|chat history|history|request(?: body| entity)?|payload|query)\b/

const exceeded = new RegExp(excess)
const tooMuch =
  /too many (?:input |prompt )?tokens|reduce the (?:length|size) of (?:the|your)|shorten (?:the|your)|range of input length/

/** GLM, Kimi and Qwen may also respond in Chinese. */
const chinese =
  /(?:上下文|输入|提示|prompt|tokens?|消息|请求).{0,20}(?:超长|过长|超过|超出|超限|太长)|(?:超过|超出).{0,20}(?:上下文|长度|上限)/i

/** Names of limits on the response's length or on the request rate, which do not depend on the request's size. */
const answer =
  /max_(?:completion_|output_|new_)?tokens|(?:output|completion|budget)[ _]tokens|budget_tokens|per (?:second|minute|hour|day)|rate limit|\bt[pd]m\b/
/** Names of parts of a request that have their own limits. */
const part =
  /\b(?:images?|pdfs?|pages?|pixels?|dimensions?|files?|documents?|audio|tools?|functions?|schema|names?|descriptions?|metadata|user_id|tool_use_id|stop[ _]sequences?|cache_control|thinking|signature|temperature|top_[pk]|headers?|beta|role|roles|media[ _]type|base64|url|enum|ids?|string)\b/

const numbers = (text: string): ReadonlyArray<number> =>
  [...text.matchAll(/\d[\d,_]*/g)].map(([digits]) => Number(digits.replaceAll(/[,_]/g, "")))

/** "210000 tokens > 200000": a text about tokens with two different numbers of at least 1000 and a word for an excess. */
const isPair = (text: string): boolean => {
  if (!/\btokens?\b/.test(text)) return false
  const [first, second] = numbers(text).filter((number) => number >= 1000)
  return first !== undefined && second !== undefined && first !== second && exceeded.test(text)
}

/**
 * Classifies a provider's error about a request that it rejected. Servers that implement the Messages API use different
 * texts for a request that is too large, so this matches kinds of words instead of a list of sentences.
 */
export const readingOf = (error: {
  readonly type: string
  readonly code: string
  readonly message: string
}): Reading => {
  if (named.test(error.type) || named.test(error.code)) return "too large"
  // A message comes from outside and may have any length. The reason is normally at its beginning.
  const message = error.message.slice(0, 2000)
  const text = message.toLowerCase().replaceAll(quoted, " ").replaceAll(path, " ")
  const ofWindow = window.test(text)
  if (chinese.test(text) || tooMuch.test(text)) return "too large"
  if (ofWindow && exceeded.test(text) && !(answer.test(text) && !/context|input|prompt/.test(text))) return "too large"
  const other = answer.test(text) || part.test(text)
  if (!other && ((whole.test(text) && exceeded.test(text)) || isPair(text))) return "too large"
  return other || message.search(path) >= 0 ? "something else" : "unclear"
}
