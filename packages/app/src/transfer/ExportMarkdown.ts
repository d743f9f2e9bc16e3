import type { Session } from "@parley/domain/Session"
import type { SessionInfo } from "@parley/domain/SessionInfo"
import { headingOf, type Media, partsOf, timeText, type ViewPart, visible } from "./SessionView.ts"

/** A fence that no line of the text closes. */
const fenced = (text: string, language = ""): string => {
  const longest = Math.max(0, ...(text.match(/`+/g) ?? []).map((run) => run.length))
  const fence = "`".repeat(Math.max(3, longest + 1))
  return `${fence}${language}\n${text}${text.endsWith("\n") ? "" : "\n"}${fence}`
}

const quoted = (text: string): string =>
  text
    .split("\n")
    .map((line) => (line === "" ? ">" : `> ${line}`))
    .join("\n")

/** A text of one line in which nothing is markup. */
const plain = (text: string): string =>
  visible(text)
    .replace(/\s+/g, " ")
    .replace(/[\\`*_[\]<>#|~&]/g, "\\$&")

const attached = (media: ReadonlyArray<Media>): ReadonlyArray<string> =>
  media.map(({ mediaType, name }) => `*(${plain(name)}, ${plain(mediaType)}: not in this file)*`)

const partText = (part: ViewPart): string => {
  switch (part._tag) {
    case "Message":
      return [`## You · ${timeText(part.at)}`, quoted(visible(part.text)), ...attached(part.media)].join("\n\n")
    case "Answer":
      return visible(part.text)
    case "Thinking":
      return quoted(`*Thinking*\n\n${visible(part.text)}`)
    case "Call": {
      const { media, state, text } = part.outcome
      return [
        `**${plain(part.name)}** · ${state}`,
        fenced(visible(part.input), "json"),
        ...(text === "" ? [] : [fenced(visible(text))]),
        ...attached(media)
      ].join("\n\n")
    }
    case "Event":
      return `*${plain(part.text)}*`
  }
}

/**
 * A session as Markdown. Answers stand as the model wrote them. Inputs and results of tools are in fenced blocks, which their
 * content cannot close.
 *
 * @since 0.1.0
 * @category conversions
 */
export const markdown = (info: SessionInfo, session: Session): string => {
  const { facts, title } = headingOf(info, session)
  return [
    `# ${plain(title)}`,
    facts.map(([name, value]) => `- ${name}: ${plain(value)}`).join("\n"),
    ...partsOf(session).map(partText)
  ]
    .filter((text) => text !== "")
    .map((text) => `${text}\n`)
    .join("\n")
}
