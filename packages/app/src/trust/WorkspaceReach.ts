import { foundIn, leadsInto, upTo } from "./CommandPath.ts"

/** Files that decide what a program runs. The program finds them in the directory it is started in, or above that. */
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
/** Where programs search for a name that they are given. */
const places = ["", "node_modules/.bin/", "node_modules/"]

/** Characters that may precede a path within a word, such as `=` and `:`. Words above the limits below are not analysed. */
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

/** The possible paths in a part of a word: all of it, the text after an option's letter, a module name, a package name. */
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

/** The word, the text after each separator in it, and the text between separators. */
const candidates = (word: string): ReadonlyArray<string> => {
  const rests = [...word.matchAll(new RegExp(separators, "g"))].map(({ 0: sign, index }) =>
    word.slice(index + sign.length)
  )
  return [...new Set([word, ...rests, ...word.split(separators)].flatMap(readings))]
}

/** At most this many words, and this many paths in each word, are checked. */
const mostWords = 200
const mostPaths = 24

const tooMuch = (word: string): boolean => word.length > most || word.split(separators).length > mostParts

/** Whether words can name the workspace or something in it. Words above the limits count as if they did. */
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

/** The words that name files or directories of the workspace, with the paths relative to it. Other words are left out. */
export const named = (root: string, cwd: string, words: ReadonlyArray<string>) =>
  words.slice(0, mostWords).flatMap((word) => {
    const files = filesOf(root, cwd, word)
    return files.length === 0 ? [] : [{ word, files }]
  })

/** The files of the workspace that decide what a program runs, regardless of its arguments. */
export const readFrom = (root: string, cwd: string, program: string): ReadonlyArray<string> => {
  const names = readBy.flatMap(([programs, files]) => (programs.test(program) ? files : []))
  return names.flatMap((name) =>
    upTo(root, cwd)
      .flatMap((directory) => foundIn(root, directory, name) ?? [])
      .slice(0, 1)
  )
}
