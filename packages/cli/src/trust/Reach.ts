import { foundIn, leadsInto, upTo } from "../internal/Which.ts"

/** Files that decide what a program runs, which it finds by itself where it is started or above that. */
const readBy: ReadonlyArray<readonly [program: RegExp, files: ReadonlyArray<string>]> = [
  [
    /^(?:node|nodejs|npm|npx|pnpm|pnpx|yarn|bun|bunx|corepack|tsx|ts-node)$/,
    ["package.json", ".npmrc", ".yarnrc.yml", "pnpm-workspace.yaml", ".pnpmfile.cjs", "bunfig.toml", "tsconfig.json"]
  ],
  [/^deno$/, ["deno.json", "deno.jsonc", "package.json"]],
  [/^(?:uvx?|pip[\d.]*|pipx|poetry|pdm|hatch)$/, ["pyproject.toml", "uv.toml", ".python-version", "poetry.toml"]],
  [/^(?:g|nmake|b)?make$/, ["GNUmakefile", "makefile", "Makefile"]],
  [/^just$/, ["justfile", "Justfile", ".justfile"]],
  [/^task$/, ["Taskfile.yml", "Taskfile.yaml", "taskfile.yml", "taskfile.yaml"]],
  [/^(?:rake|ruby|bundle)$/, ["Rakefile", "rakefile", "Gemfile"]],
  [/^gradlew?$/, ["build.gradle", "build.gradle.kts", "settings.gradle", "settings.gradle.kts", "gradle.properties"]],
  [/^mvnw?$/, ["pom.xml", ".mvn"]],
  [/^(?:cargo|rustc|rustup)$/, ["Cargo.toml", ".cargo", "rust-toolchain.toml", "rust-toolchain"]],
  [/^go$/, ["go.mod", "go.work"]],
  [/^dotnet$/, ["global.json", "nuget.config", "Directory.Build.props"]],
  [/^(?:docker|docker-compose|podman)$/, ["compose.yaml", "compose.yml", "docker-compose.yml", "Dockerfile", ".env"]]
]

const endings = ["", ".js", ".mjs", ".cjs", ".ts", ".mts", ".cts", ".tsx", ".jsx", ".py", ".rb", ".pl", ".sh"].concat(
  ".php",
  ".lua",
  ".jar",
  ".class",
  ".cmd",
  ".bat",
  ".ps1",
  ".exe"
)
/** Where programs look for what they are told the name of. */
const places = ["", "node_modules/.bin/", "node_modules/"]

/** `path` in the environment of a shell, after `=`, `:` and the like. A longer word holds more than can be looked at. */
const separators = /[\s=:,;'"`|&<>(){}[\]@]+/
const most = 4096
const mostParts = 64

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** What may be a path in a part of a word: all of it, what follows the letter of an option, a module, a package. */
const readings = (text: string): ReadonlyArray<string> =>
  [
    text,
    text.startsWith("-") ? text.slice(2) : "",
    text.startsWith("-") ? text.replace(/^-+/, "") : "",
    text.startsWith("-") ? text.replace(/^[^./\\]*/, "") : "",
    text.includes("%") ? decoded(text) : "",
    /^[\w.]+$/.test(text) ? text.replaceAll(".", "/") : "",
    /^@?[^@]+@/.test(text) ? text.replace(/(?!^)@[^@/]*$/, "") : ""
  ].filter((path) => path !== "" && !path.includes("\0"))

/** The word, what follows a separator in it, and what stands between two. */
const candidates = (word: string): ReadonlyArray<string> => {
  const rests = [...word.matchAll(new RegExp(separators, "g"))].map(({ 0: sign, index }) =>
    word.slice(index + sign.length)
  )
  return [...new Set([word, ...rests, ...word.split(separators)].flatMap(readings))]
}

/** So many words, and so many paths in each of them, are looked for. */
const mostWords = 200
const mostPaths = 24

const tooMuch = (word: string): boolean => word.length > most || word.split(separators).length > mostParts

/** Whether words can name the workspace or something in it. What is more than can be looked at can. */
export const reaches = (root: string, cwd: string, words: ReadonlyArray<string>): boolean =>
  words.length > mostWords ||
  words.some((word) => tooMuch(word) || candidates(word).some((path) => leadsInto(root, cwd, path)))

const filesOf = (root: string, cwd: string, word: string): ReadonlyArray<string> => {
  const paths = tooMuch(word) ? [] : candidates(word).filter((path) => !/^[./\\]*$/.test(path))
  const found = paths
    .slice(0, mostPaths)
    .flatMap((path) => places.flatMap((place) => endings.map((ending) => place + path + ending)))
    .flatMap((path) => foundIn(root, cwd, path) ?? [])
  return [...new Set(found)]
}

/** Words that name files or directories of the workspace, with their paths from there. Words that name none are left out. */
export const named = (root: string, cwd: string, words: ReadonlyArray<string>) =>
  words.slice(0, mostWords).flatMap((word) => {
    const files = filesOf(root, cwd, word)
    return files.length === 0 ? [] : [{ word, files }]
  })

/** The files of the workspace that decide what a program runs, whatever else it is told. */
export const readFrom = (root: string, cwd: string, program: string): ReadonlyArray<string> => {
  const names = readBy.flatMap(([programs, files]) => (programs.test(program) ? files : []))
  return names.flatMap((name) =>
    upTo(root, cwd)
      .flatMap((directory) => foundIn(root, directory, name) ?? [])
      .slice(0, 1)
  )
}
