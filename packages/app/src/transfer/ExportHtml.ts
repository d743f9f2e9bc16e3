import type { Session } from "@parley/domain/Session"
import type { SessionInfo } from "@parley/domain/SessionInfo"
import { headingOf, type Media, partsOf, timeText, type ViewPart, visible } from "./SessionView.ts"

const entities: { readonly [character: string]: string } = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;"
}

/** A text as the content of an element or of an attribute in quotes. */
const escaped = (text: string): string => visible(text).replace(/[&<>"']/g, (character) => entities[character] ?? "")

/** Images that a browser shows without running anything in them, which excludes SVG. */
const shown = /^image\/(?:png|jpeg|gif|webp)$/
const base64 = /^[A-Za-z0-9+/\s]*={0,2}\s*$/

const mediaHtml = ({ data, mediaType, name }: Media): string =>
  shown.test(mediaType) && base64.test(data)
    ? `<img alt="${escaped(name)}" src="data:${mediaType};base64,${data.replace(/\s/g, "")}">`
    : `<p class="event">${escaped(name)} (${escaped(mediaType)}) is not in this file</p>`

const fence = /^ {0,3}(`{3,}|~{3,})[^\n]*\n([\s\S]*?)(?:^ {0,3}\1[^\S\n]*$|(?![\s\S]))/gm

/** Paragraphs as they were written, with fenced code in blocks of its own. No other markup is interpreted. */
const prose = (text: string): string => {
  const parts: Array<string> = []
  let cursor = 0
  const put = (words: string) => {
    if (words.trim() !== "") parts.push(`<div class="text">${escaped(words.replace(/^\n+|\s+$/g, ""))}</div>`)
  }
  for (const match of text.matchAll(fence)) {
    put(text.slice(cursor, match.index))
    parts.push(`<pre>${escaped((match[2] ?? "").replace(/\n$/, ""))}</pre>`)
    cursor = match.index + match[0].length
  }
  put(text.slice(cursor))
  return parts.join("\n")
}

const partHtml = (part: ViewPart): string => {
  switch (part._tag) {
    case "Message":
      return `<section class="message"><h2>You <time>${timeText(part.at)}</time></h2>
<div class="text">${escaped(part.text)}</div>${part.media.map(mediaHtml).join("")}</section>`
    case "Answer":
      return `<section class="answer">${prose(part.text)}</section>`
    case "Thinking":
      return `<details class="thinking"><summary>Thinking</summary><div class="text">${escaped(part.text)}</div></details>`
    case "Call": {
      const { media, state, text } = part.outcome
      const result = text === "" ? "" : `<pre>${escaped(text)}</pre>`
      return `<details class="call"><summary><code>${escaped(part.name)}</code> <span class="${state === "succeeded" ? "good" : "bad"}">${escaped(state)}</span></summary>
<pre>${escaped(part.input)}</pre>${result}${media.map(mediaHtml).join("")}</details>`
    }
    case "Event":
      return `<p class="event">${escaped(part.text)}</p>`
  }
}

const style = `
:root { color-scheme: light dark; --back: #fff; --fore: #1c1e21; --dim: #60666d; --box: #f4f5f7; --line: #dcdfe3; --mine: #eaf2fe; --good: #1a7f37; --bad: #b3261e; }
@media (prefers-color-scheme: dark) { :root { --back: #16181b; --fore: #e4e6e9; --dim: #9aa1a9; --box: #202327; --line: #363b41; --mine: #1d2a3d; --good: #57c27d; --bad: #f2867e; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2rem 1rem 4rem; max-width: 52rem; background: var(--back); color: var(--fore); font: 16px/1.55 system-ui, sans-serif; }
h1 { font-size: 1.5rem; margin: 0 0 .75rem; overflow-wrap: anywhere; }
h2 { font-size: .875rem; margin: 0 0 .4rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1rem; margin: 0 0 2rem; color: var(--dim); font-size: .875rem; }
dd { margin: 0; overflow-wrap: anywhere; }
time { font-weight: normal; color: var(--dim); margin-left: .5rem; }
section, details { margin: 1rem 0; }
.text { white-space: pre-wrap; overflow-wrap: anywhere; margin: .5rem 0; }
.message { background: var(--mine); border-radius: .6rem; padding: .8rem 1rem; margin-top: 2rem; }
pre, code { font: .8125rem/1.5 ui-monospace, monospace; }
pre { background: var(--box); border: 1px solid var(--line); border-radius: .4rem; padding: .7rem .9rem; margin: .6rem 0; white-space: pre-wrap; overflow-wrap: anywhere; max-height: 32rem; overflow-y: auto; }
details { border-left: 3px solid var(--line); padding-left: .9rem; }
summary { cursor: pointer; color: var(--dim); }
.good { color: var(--good); } .bad { color: var(--bad); }
.event { color: var(--dim); font-style: italic; }
img { max-width: 100%; border-radius: .4rem; }
@media print { pre { max-height: none; } }
`

/**
 * A session as one HTML file. It loads nothing, runs nothing, and shows all text of the session as text: the policy in its head
 * forbids scripts and connections.
 *
 * @since 0.1.0
 * @category conversions
 */
export const html = (info: SessionInfo, session: Session): string => {
  const { facts, title } = headingOf(info, session)
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${escaped(title)}</title>
<style>${style}</style>
</head>
<body>
<h1>${escaped(title)}</h1>
<dl>${facts.map(([name, value]) => `<dt>${escaped(name)}</dt><dd>${escaped(value)}</dd>`).join("")}</dl>
${partsOf(session).map(partHtml).join("\n")}
</body>
</html>
`
}
