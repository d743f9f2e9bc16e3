/** How an error reads: as the provider's word that a request is too large, as another fault of it, or as neither. */
export type Reading = "too large" | "something else" | "unclear"

/** What servers call the error, as its type or its code. Some write it in one word. */
const named =
  /context_?(?:size|length|window)|(?:prompt|input|request|content|payload)(?:_\w+)?_too_?(?:long|large)|too_many_(?:\w+_)?tokens|tokens?_limit_(?:reached|exceeded)|prompt_tokens_exceeded/i

/** A path to the part of the request that is meant, such as `messages.3.content.0:`, says nothing of what is wrong. */
const path = /[\w$]+(?:\.\w+|\[\w*\])+:?/g

const excess =
  "exceed\\w*|too (?:long|large|big|many)|(?:longer|larger|greater|more|bigger) than|overflow\\w*|over the|beyond|above|full|reached|surpass\\w*|maximum|does(?: not|n't) fit|not enough room|only supports|<=|>"

/** What servers put behind their words, to quote. */
const quoted = /\b(?:request|trace|correlation)[ _-]?id\b\W*[\w-]*/g

/** The window itself. */
const window =
  /context[ _-]?(?:window|length|size|limit)|maximum context|max_model_len|\bn_ctx\b|(?:model|sequence)(?:'s)? (?:token|input|prompt|length)s? ?limit|(?:model|prompt|input|sequence) (?:max(?:imum)? )?length|max(?:imum)? (?:prompt|input|sequence) (?:length|size|tokens)|`?inputs?`? tokens?|prompt tokens?|token (?:limit|count)|number of tokens|total tokens/

/** What is sent as a whole. */
const whole =
  /\b(?:prompt|inputs?|conversation|messages|chat history|history|request(?: body| entity)?|payload|query)\b/

const exceeded = new RegExp(excess)
const tooMuch =
  /too many (?:input |prompt )?tokens|reduce the (?:length|size) of (?:the|your)|shorten (?:the|your)|range of input length/

/** Other scripts: GLM, Kimi and Qwen also answer in Chinese. */
const chinese =
  /(?:上下文|输入|提示|prompt|tokens?|消息|请求).{0,20}(?:超长|过长|超过|超出|超限|太长)|(?:超过|超出).{0,20}(?:上下文|长度|上限)/i

/** The answer's length, or how often one may ask, is no matter of what is sent. */
const answer =
  /max_(?:completion_|output_|new_)?tokens|(?:output|completion|budget)[ _]tokens|budget_tokens|per (?:second|minute|hour|day)|rate limit|\bt[pd]m\b/
/** Parts of a request that have limits of their own. */
const part =
  /\b(?:images?|pdfs?|pages?|pixels?|dimensions?|files?|documents?|audio|tools?|functions?|schema|names?|descriptions?|metadata|user_id|tool_use_id|stop[ _]sequences?|cache_control|thinking|signature|temperature|top_[pk]|headers?|beta|role|roles|media[ _]type|base64|url|enum|ids?|string)\b/

const numbers = (text: string): ReadonlyArray<number> =>
  [...text.matchAll(/\d[\d,_]*/g)].map(([digits]) => Number(digits.replaceAll(/[,_]/g, "")))

/** "210000 tokens > 200000": a number of tokens that is above another one, neither of them small. */
const isPair = (text: string): boolean => {
  if (!/\btokens?\b/.test(text)) return false
  const [first, second] = numbers(text).filter((number) => number >= 1000)
  return first !== undefined && second !== undefined && first !== second && exceeded.test(text)
}

/**
 * Reads what a provider says of a request that it did not take. Servers that speak the Messages API have words of their own for
 * a request that is too large, so what counts is the kind of words, not a list of sentences.
 */
export const readingOf = (error: {
  readonly type: string
  readonly code: string
  readonly message: string
}): Reading => {
  if (named.test(error.type) || named.test(error.code)) return "too large"
  // A message is foreign and may be of any length; who has something to say says it first.
  const said = error.message.slice(0, 2000)
  const text = said.toLowerCase().replaceAll(quoted, " ").replaceAll(path, " ")
  const ofWindow = window.test(text)
  if (chinese.test(text) || tooMuch.test(text)) return "too large"
  if (ofWindow && exceeded.test(text) && !(answer.test(text) && !/context|input|prompt/.test(text))) return "too large"
  const other = answer.test(text) || part.test(text)
  if (!other && ((whole.test(text) && exceeded.test(text)) || isPair(text))) return "too large"
  return other || said.search(path) >= 0 ? "something else" : "unclear"
}
