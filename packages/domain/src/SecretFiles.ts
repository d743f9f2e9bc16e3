/** A group of files that usually contain secrets, and the reason. Patterns use the syntax described at `matcher`. */
interface Group {
  /** For people. Continues a message that ends with "may hold secrets: ". */
  readonly why: string
  readonly patterns: ReadonlyArray<string>
}

/**
 * Names of files that usually contain secrets. Names that source files may have, such as `id_token.ts`, `public.key.ts` and
 * `environment.ts`, must not match: each read of a file that matches requires approval.
 *
 * @since 0.1.0
 * @category constants
 */
export const groups: ReadonlyArray<Group> = [
  {
    why: "a directory of private keys and passwords",
    patterns: [
      ".ssh/**",
      ".gnupg/**",
      ".password-store/**",
      ".local/share/keyrings/**",
      "Library/Keychains/**",
      ".mozilla/firefox/**",
      "!*.pub"
    ]
  },
  {
    why: "environment variables, which often are passwords and keys",
    patterns: [".env", ".env.*", ".env-*", ".env_*", ".env~", "*.env", ".envrc", ".dev.vars", ".dev.vars.*"]
      .concat(["!.env.example", "!.env.sample", "!.env.template", "!.env.dist", "!.env.defaults", "!.env.d.ts"])
      .concat(["!.env.*.example", "!.env.*.sample", "!.env.*.template", "!.env.*.dist", "!.dev.vars.example"])
      .concat(["!example.env", "!sample.env", "!template.env"])
  },
  {
    why: "a private key or a store of keys",
    patterns: ["*.pem", "*.key", "*.p8", "*.p12", "*.pfx", "*.pkcs12", "*.jks", "*.keystore", "*.ppk", "*.pvk"]
      .concat(["*_rsa", "*_dsa", "*_ecdsa", "*_ecdsa_sk", "*_ed25519", "*_ed25519_sk", "ssh_host_*_key"])
      .concat(["id_rsa.bak", "id_rsa.old", "id_dsa.bak", "id_ecdsa.bak", "id_ed25519.bak", "id_ed25519.old"])
  },
  {
    why: "a store of passwords",
    patterns: ["*.kdbx", "*.kdb", "*.keychain", "*.keychain-db", "*.agilekeychain/**", "*.opvault/**"]
  },
  {
    why: "a login of git, or of a registry of packages",
    patterns: [".git-credentials", ".config/git/credentials", ".config/gh/hosts.yml", ".config/hub", ".netrc", "_netrc"]
      .concat([".config/glab-cli/config.yml", ".npmrc", ".pypirc", ".gem/credentials", ".cargo/credentials"])
      .concat([".cargo/credentials.toml", ".m2/settings.xml", ".m2/settings-security.xml", ".composer/auth.json"])
      .concat([".config/composer/auth.json", ".gradle/gradle.properties", ".nuget/NuGet/NuGet.Config"])
  },
  {
    why: "a login of a cloud or of a cluster",
    patterns: [".aws/**", ".azure/**", ".oci/**", ".config/gcloud/**", "application_default_credentials.json"]
      .concat(["credentials.json", "client_secret*.json", "service-account*.json", "service_account*.json"])
      .concat([
        "serviceAccount*.json",
        "*-firebase-adminsdk-*.json",
        "!service*account*.schema.json",
        ".boto",
        ".s3cfg"
      ])
      .concat([".config/doctl/config.yaml", ".fly/config.yml", ".kube/config", ".kube/cache/**", "kubeconfig"])
      .concat(["*.kubeconfig", ".docker/config.json", ".dockercfg", ".dockerconfigjson"])
      .concat([".config/containers/auth.json", ".databrickscfg", "run/secrets/**"])
  },
  {
    why: "a login of a coding assistant",
    patterns: [".codex/auth.json", ".claude/.credentials.json", ".gemini/oauth_creds.json"].concat([
      ".local/share/opencode/auth.json"
    ])
  },
  {
    why: "the state or the variables of Terraform, with all its passwords and keys, or a login of Vault",
    patterns: ["*.tfstate", "*.tfstate.*", "*.tfvars", "*.tfvars.json", ".terraformrc", "terraform.rc"].concat([
      ".terraform.d/credentials.tfrc.json",
      ".vault-token"
    ])
  },
  {
    why: "passwords of a database or of a server",
    patterns: [
      ".pgpass",
      "pgpass.conf",
      ".my.cnf",
      ".mylogin.cnf",
      ".htpasswd",
      ".htdigest",
      ".msmtprc",
      ".fetchmailrc"
    ]
      .concat(["sftp-config.json", ".vscode/sftp.json", ".ftpconfig", ".erlang.cookie"])
      .concat(["etc/shadow", "etc/shadow-", "etc/gshadow", "etc/gshadow-", "etc/ssl/private/**"])
  },
  {
    why: "secrets of an application",
    patterns: ["secrets.yml", "secrets.yaml", "secrets.json", "secrets.toml", ".secrets"]
  },
  {
    why: "what was typed into a shell, passwords included",
    patterns: [".bash_history", ".zsh_history", ".sh_history", ".python_history", ".node_repl_history"].concat([
      ".psql_history",
      ".mysql_history",
      "fish_history"
    ])
  }
]

/**
 * The verdict on a path: it may contain secrets, and why; the user has excluded it with `!`; or (`undefined`) neither.
 *
 * @since 0.1.0
 * @category models
 */
export type SecretVerdict =
  | { readonly _tag: "Secret"; readonly why: string }
  | { readonly _tag: "TakenOut" }
  | undefined

/**
 * Returns the verdict on an absolute or relative path. Accepts `/` and `\` as separators and ignores case.
 *
 * @since 0.1.0
 * @category models
 */
export type Matcher = (path: string) => SecretVerdict

/**
 * Normalises a path: `/` as the separator, without empty segments and `.`. For example `./a//b/` becomes `a/b`.
 *
 * @since 0.1.0
 * @category functions
 */
export const plain = (path: string): string =>
  path
    .split(/[/\\]/)
    .filter((segment) => segment !== "" && segment !== ".")
    .join("/")

const folded = (path: string): string => plain(path).normalize("NFC").toLowerCase()

/**
 * Whether two spellings name the same file on a file system that ignores case.
 *
 * @since 0.1.0
 * @category functions
 */
export const sameName = (a: string, b: string): boolean => folded(a) === folded(b)

/** Whether a name matches a pattern that may contain `*`. Takes time proportional to the product of both lengths at most. */
const fits = (pattern: string, name: string): boolean => {
  let p = 0
  let star = -1
  let from = 0
  for (let n = 0; n < name.length;) {
    if (p < pattern.length && pattern[p] === "*") {
      star = p++
      from = n
    } else if (p < pattern.length && pattern[p] === name[n]) {
      p++
      n++
    } else if (star >= 0) {
      p = star + 1
      n = ++from
    } else return false
  }
  while (pattern[p] === "*") p++
  return p === pattern.length
}

const compiled = (pattern: string): ((path: ReadonlyArray<string>) => boolean) => {
  const written = folded(pattern).split("/")
  const below = written.at(-1) === "**"
  const parts = below ? written.slice(0, -1) : written
  const at = (path: ReadonlyArray<string>, start: number): boolean =>
    parts.every((part, i) => fits(part, path[start + i] ?? ""))
  if (!below) return (path) => path.length >= parts.length && at(path, path.length - parts.length)
  return (path) => {
    for (let start = 0; start + parts.length < path.length; start++) if (at(path, start)) return true
    return false
  }
}

const rulesOf = (patterns: ReadonlyArray<string>, secret: SecretVerdict, negated: SecretVerdict) =>
  patterns.map((written) => {
    const pattern = written.startsWith("!") ? written.slice(1) : written
    return { pattern, matches: compiled(pattern), verdict: written.startsWith("!") ? negated : secret }
  })

/** Tells the names apart that a pattern may match. A search judges very many files, and nearly all match no pattern. */
const quickName = (patterns: ReadonlyArray<string>): ((name: string) => boolean) => {
  const exact = new Set(patterns.filter((pattern) => !pattern.includes("*")))
  const endings = patterns.filter((pattern) => /^\*[^*]+$/.test(pattern)).map((pattern) => pattern.slice(1))
  const others = patterns.filter((pattern) => pattern.includes("*") && !/^\*[^*]+$/.test(pattern))
  return (name) =>
    exact.has(name) || endings.some((ending) => name.endsWith(ending)) || others.some((pattern) => fits(pattern, name))
}

/** Whether any pattern may match a path: false only if none does. */
const quickly = (patterns: ReadonlyArray<string>): ((path: ReadonlyArray<string>) => boolean) => {
  const parts = patterns.map((pattern) => folded(pattern).split("/"))
  const last = quickName(parts.flatMap((path) => (path.at(-1) === "**" ? [] : [path.at(-1) ?? ""])))
  const above = quickName(parts.flatMap((path) => (path.at(-1) === "**" ? [path[0] ?? ""] : [])))
  return (path) => last(path.at(-1) ?? "") || path.some(above)
}

const builtIn = groups.flatMap(({ patterns, why }) => rulesOf(patterns, { _tag: "Secret", why }, undefined))

/**
 * Creates a matcher from the table above, followed by the user's entries. A pattern without a slash matches a name
 * anywhere; a pattern with slashes matches the end of a path; a pattern that ends in `/**` matches everything below such
 * a directory. `*` matches any characters except slashes. A pattern that begins with `!` excludes what it matches. The
 * last matching pattern decides.
 *
 * @since 0.1.0
 * @category functions
 */
export const matcher = (entries: ReadonlyArray<string> = []): Matcher => {
  const why = "an entry of `secretFiles` in your configuration says so"
  const rules = [...builtIn, ...rulesOf(entries, { _tag: "Secret", why }, { _tag: "TakenOut" })].toReversed()
  const mayMatch = quickly(rules.map(({ pattern }) => pattern))
  return (path) => {
    const segments = folded(path).split("/")
    return mayMatch(segments) ? rules.find(({ matches }) => matches(segments))?.verdict : undefined
  }
}

/**
 * The matcher for a user without own entries.
 *
 * @since 0.1.0
 * @category constants
 */
export const standard: Matcher = matcher()

/**
 * How many bytes at the beginning of a file are checked for a private key.
 *
 * @since 0.1.0
 * @category constants
 */
export const keyBytes = 512

const keyStart =
  /^\s*(?:-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY|---- BEGIN SSH2 ENCRYPTED PRIVATE KEY|PuTTY-User-Key-File-|AGE-SECRET-KEY-1)/

/**
 * Whether a file begins like a private key, regardless of its name. Recognises UTF-8 and UTF-16, with or without a BOM.
 *
 * @since 0.1.0
 * @category guards
 */
export const isPrivateKey = (beginning: Uint8Array): boolean =>
  keyStart.test(
    Array.from(beginning.subarray(0, keyBytes), (byte) =>
      byte === 0 || byte >= 0x80 ? "" : String.fromCharCode(byte)
    ).join("")
  )
