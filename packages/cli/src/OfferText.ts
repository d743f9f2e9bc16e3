import type { PromptInfo, ResourceContent, ResourceInfo, ResourceTemplateInfo } from "@parley/domain/McpOffers"
import { nameOf, usageOf } from "./Prompts.ts"
import { inLine, short } from "./Render.ts"

interface Server {
  readonly name: string
  readonly state: string
  readonly problem?: string
}

const count = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? "" : "s"}`

/** An entry and, behind it, what it is about. */
const entry = (name: string, about: ReadonlyArray<string | undefined>): string => {
  const said = about.filter((part) => part !== undefined && part !== "" && part !== name).join(", ")
  return `  ${inLine(name)}${said === "" ? "" : `  ${short(said, 100)}`}\n`
}

const heading = ({ name, problem, state }: Server, offers: string): string =>
  `${name}: ${state === "ready" ? offers : "failed"}\n${problem === undefined ? "" : `  ! ${inLine(problem)}\n`}`

/** Server by server, for people: each as it is mentioned in a message. */
export const resources = (found: {
  readonly servers: ReadonlyArray<Server>
  readonly resources: ReadonlyArray<ResourceInfo>
  readonly resourceTemplates: ReadonlyArray<ResourceTemplateInfo>
}): string =>
  found.servers
    .map((server) => {
      const own = found.resources.filter((one) => one.server === server.name)
      const templates = found.resourceTemplates.filter((one) => one.server === server.name)
      return [
        heading(server, `${count(own.length, "resource")}, ${count(templates.length, "template")}`),
        ...own.map(({ description, mimeType, name, title, uri }) => entry(uri, [title ?? name, mimeType, description])),
        ...templates.map(({ description, mimeType, name, title, uriTemplate }) =>
          entry(uriTemplate, [title ?? name, mimeType, description])
        )
      ].join("")
    })
    .join("")

export const prompts = (found: {
  readonly servers: ReadonlyArray<Server>
  readonly prompts: ReadonlyArray<PromptInfo>
}): string =>
  found.servers
    .map((server) => {
      const own = found.prompts.filter((one) => one.server === server.name)
      return [
        heading(server, count(own.length, "prompt")),
        ...own.map((prompt) =>
          entry([nameOf(prompt), usageOf(prompt)].filter((part) => part !== "").join(" "), [
            prompt.title,
            prompt.description
          ])
        )
      ].join("")
    })
    .join("")

/** The text of a resource as it is; of everything else what it is. */
export const contents = (found: { readonly contents: ReadonlyArray<ResourceContent> }): string =>
  found.contents
    .map((part) => {
      switch (part._tag) {
        case "Text":
          return part.text === "" || part.text.endsWith("\n") ? part.text : `${part.text}\n`
        case "Media":
          return `[${part.block.mediaType}, ${Math.floor((part.block.data.replace(/=+$/, "").length * 3) / 4)} bytes]\n`
        case "Described":
          return `[${part.words}]\n`
      }
    })
    .join("")
