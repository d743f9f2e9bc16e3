import type { PromptInfo, ResourceContent, ResourceInfo, ResourceTemplateInfo } from "@parley/domain/McpCatalog"
import { nameOf, usageOf } from "@parley/app/ServerPrompts"
import { inLine, short } from "./Render.ts"

interface Server {
  readonly name: string
  readonly state: string
  readonly problem?: string
}

const count = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? "" : "s"}`

/** An entry, followed by its title, type and description. */
const entry = (name: string, about: ReadonlyArray<string | undefined>): string => {
  const details = about.filter((part) => part !== undefined && part !== "" && part !== name).join(", ")
  return `  ${inLine(name)}${details === "" ? "" : `  ${short(details, 100)}`}\n`
}

const heading = ({ name, problem, state }: Server, offers: string): string =>
  `${name}: ${state === "ready" ? offers : "failed"}\n${problem === undefined ? "" : `  ! ${inLine(problem)}\n`}`

/** Resources and templates as text, grouped by server. Each is shown as a message would mention it. */
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

/** The contents of a resource: text unchanged, anything else as a short description of its type and size. */
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
