// Collects what the licences of the packages in the bundle require to be reproduced: their texts, their notices, and the
// copyright lines of the bundled files.
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join, relative, sep } from "node:path"
import { type Package, titleOf } from "./bundled.ts"

/** Licences that were reviewed and whose code may be published as a part of a work under the MIT licence. */
const reviewed = new Set("MIT ISC Apache-2.0 BSD-2-Clause BSD-3-Clause Unlicense 0BSD CC0-1.0 BlueOak-1.0.0".split(" "))

interface Notice {
  readonly title: string
  readonly licence: string
  readonly texts: ReadonlyArray<{ readonly from: string; readonly text: string }>
}

/** Whether an SPDX expression is covered: every part of an AND, or at least one part of an OR, was reviewed. */
const isReviewed = (expression: string): boolean => {
  const plain = expression.replaceAll(/[()]/g, " ").trim()
  // The meaning of mixed expressions depends on their parentheses. None of our packages has one.
  if (/\sOR\s/.test(plain) && /\sAND\s/.test(plain)) return false
  if (/\sOR\s/.test(plain)) return plain.split(/\s+OR\s+/).some((part) => reviewed.has(part))
  return plain.split(/\s+AND\s+/).every((part) => reviewed.has(part))
}

const isText = /^(?:un)?(?:licen[cs]e|copying|notice|third[-_ ]?party)(?:[-_ .].*)?$/i
const isCode = /\.[cm]?[jt]sx?$|\.map$|\.json$/

/** Every licence and notice file of a package, including those of code that it copied. */
export const textFiles = (dir: string): ReadonlyArray<string> =>
  readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && isText.test(entry.name) && !isCode.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !relative(dir, path).split(sep).includes("node_modules"))
    .sort()

const comments = /\/\*[\s\S]*?\*\/|(?:^[ \t]*\/\/.*\n?)+/gm
const claims = /copyright|\(c\) ?\d{4}|©|under (?:the )?\S+ licen[cs]e/i

/** Copyright comments of a file. Licences require them even if only the code is used. */
const commentsOf = (path: string): ReadonlyArray<string> =>
  [...readFileSync(path, "utf8").matchAll(comments)].map(([text]) => text.trim()).filter((text) => claims.test(text))

const fileOf = (title: string): string => `${title.replaceAll("/", "+")}.txt`

/** A stored text for a package that has none, or that is only contained in others. Its first line is the SPDX id. */
const kept = (texts: string, title: string): (Notice["texts"][number] & { readonly licence: string }) | undefined => {
  const path = join(texts, fileOf(title))
  if (!existsSync(path)) return undefined
  const [licence = "", ...lines] = readFileSync(path, "utf8").split("\n")
  return { licence: licence.trim(), from: "its licence", text: lines.join("\n").trim() }
}

const fromItself = (dir: string, modules: ReadonlyArray<string>) => {
  const { license } = JSON.parse(readFileSync(join(dir, "package.json"), "utf8"))
  const texts = textFiles(dir)
    .map((path) => ({ from: relative(dir, path), text: readFileSync(path, "utf8").trim() }))
    // Without modules, the bundle contains only a helper of the bundler, which is the bundler's own code.
    .filter(({ from }) => modules.length > 0 || !/third/i.test(from))
  return { licence: typeof license === "string" ? license : undefined, texts }
}

const addTo = (texts: string, title: string): string =>
  `add it as ${join(texts, fileOf(title))}, below a line with its SPDX id`

/** The notice of a package. Throws if its licence was not reviewed or its text is missing. */
export const noticeOf = (entry: Package, texts: string): Notice => {
  const title = titleOf(entry)
  const own = entry.dir === undefined ? { licence: undefined, texts: [] } : fromItself(entry.dir, entry.modules)
  const missing = kept(texts, title)
  const licence = own.licence ?? missing?.licence
  if (licence === undefined)
    throw new Error(`${title} is in the bundle and states no licence. Find out its licence and ${addTo(texts, title)}`)
  if (!isReviewed(licence))
    throw new Error(`${title} is in the bundle, under a licence that was not reviewed: ${licence}`)
  const stated = own.texts.some(({ from }) => !from.includes(sep) && /licen[cs]e|copying/i.test(from))
  if (!stated && (missing === undefined || missing.text === ""))
    throw new Error(`${title} is in the bundle without the text of its licence: ${addTo(texts, title)}`)
  const comments = [...new Set(entry.modules.flatMap(commentsOf))]
  return {
    title,
    licence,
    texts: [
      ...own.texts,
      ...(stated || missing === undefined ? [] : [missing]),
      ...(comments.length === 0 ? [] : [{ from: "its source files", text: comments.join("\n\n") }])
    ].filter(({ text }) => text !== "")
  }
}

/** The notices of all packages. Also throws if a stored text is not needed by any package of the bundle. */
export const noticesOf = (packages: ReadonlyArray<Package>, texts: string): ReadonlyArray<Notice> => {
  const needed = new Set(packages.map((entry) => fileOf(titleOf(entry))))
  const unused = readdirSync(texts).find((file) => !needed.has(file))
  if (unused !== undefined) throw new Error(`No package in the bundle needs ${join(texts, unused)}: delete it`)
  return packages.map((entry) => noticeOf(entry, texts))
}

const line = "=".repeat(80)

/** The contents of THIRD-PARTY-NOTICES: for each package a separator line, its name, its licence and all its texts. */
export const documentOf = (notices: ReadonlyArray<Notice>): string => {
  const sections = notices.map(({ licence, texts, title }) =>
    [title, `Licence: ${licence}`, ...texts.map(({ from, text }) => `\nFrom ${from}:\n\n${text}`)].join("\n")
  )
  const split = notices.find(({ texts }) => texts.some(({ text }) => text.includes(line)))
  if (split !== undefined)
    throw new Error(`A text of ${split.title} contains the separator line of the packages: choose another separator`)
  const about = "The parley command holds code of the packages below, in dist/command. Each is under its own licence."
  return [about, ...sections].map((section) => `${section}\n`).join(`\n${line}\n`)
}

/** Compares a document with the notices: missing packages, licences and texts, and packages that are not in the bundle. */
export const problemsOf = (document: string, notices: ReadonlyArray<Notice>): ReadonlyArray<string> => {
  const [, ...sections] = document.split(`\n${line}\n`)
  const byTitle = new Map(sections.map((section) => [section.slice(0, section.indexOf("\n")), section]))
  const strangers = [...byTitle.keys()].filter((title) => notices.every((notice) => notice.title !== title))
  return [
    ...strangers.map((title) => `it names ${title}, which is not in the bundle`),
    ...notices.flatMap(({ licence, texts, title }) => {
      const section = byTitle.get(title)
      if (section === undefined) return [`it does not name ${title}`]
      return [
        ...(section.includes(`\nLicence: ${licence}\n`) ? [] : [`it does not say that ${title} is under ${licence}`]),
        ...texts.filter(({ text }) => !section.includes(text)).map(({ from }) => `it lacks ${from} of ${title}`)
      ]
    })
  ]
}
