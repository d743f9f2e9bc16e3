/** Some files that usually hold secrets, and why. Written like the lines of a `.gitignore`; see `matcher`. */
interface Group {
  /** For a person, after "may hold secrets: ". */
  readonly why: string
  readonly patterns: ReadonlyArray<string>
}

/**
 * Names of files that usually hold secrets. Names that source files have as well, such as `id_token.ts`, `public.key.ts` and
 * `environment.ts`, must not match: a wrong entry costs a question each time the file is read.
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

/** What is said of a path: why it may hold secrets, or that the user has taken it out; nothing of most paths. */
export type Said = { readonly _tag: "Secret"; readonly why: string } | { readonly _tag: "TakenOut" } | undefined

/** Asked about a path, absolute or relative, with either kind of slash. Upper and lower case are the same. */
export type Matcher = (path: string) => Said

/** A path without what means nothing in it, with `/`: `./a//b/` is `a/b`. */
export const plain = (path: string): string =>
  path
    .split(/[/\\]/)
    .filter((segment) => segment !== "" && segment !== ".")
    .join("/")

const folded = (path: string): string => plain(path).normalize("NFC").toLowerCase()

/** Whether two spellings mean one file wherever upper and lower case do not count. */
export const sameName = (a: string, b: string): boolean => folded(a) === folded(b)

/** Whether a name is what a pattern with `*` in it means; takes time in proportion to both. */
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

const rulesOf = (patterns: ReadonlyArray<string>, secret: Said, negated: Said) =>
  patterns.map((pattern) =>
    pattern.startsWith("!")
      ? { matches: compiled(pattern.slice(1)), said: negated }
      : { matches: compiled(pattern), said: secret }
  )

const builtIn = groups.flatMap(({ patterns, why }) => rulesOf(patterns, { _tag: "Secret", why }, undefined))

/**
 * What is said of paths by the table above and then by entries of the user. A pattern without a slash means a name anywhere,
 * one with slashes the end of a path, one that ends in `/**` everything in such a directory; `*` is anything but a slash.
 * With `!` it takes out what it matches. The last one that matches decides.
 */
export const matcher = (entries: ReadonlyArray<string> = []): Matcher => {
  const why = "an entry of `secretFiles` in your configuration says so"
  const rules = [...builtIn, ...rulesOf(entries, { _tag: "Secret", why }, { _tag: "TakenOut" })].toReversed()
  return (path) => {
    const segments = folded(path).split("/")
    return rules.find(({ matches }) => matches(segments))?.said
  }
}

/** That of a user who has said nothing. */
export const standard: Matcher = matcher()

/** How much of the beginning of a file tells whether it is a private key. */
export const keyBytes = 512

const keyStart =
  /^\s*(?:-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY|---- BEGIN SSH2 ENCRYPTED PRIVATE KEY|PuTTY-User-Key-File-|AGE-SECRET-KEY-1)/

/** Whether a file begins as private keys do, whatever it is called; in UTF-8 or UTF-16, with a mark or without. */
export const isPrivateKey = (beginning: Uint8Array): boolean =>
  keyStart.test(
    Array.from(beginning.subarray(0, keyBytes), (byte) =>
      byte === 0 || byte >= 0x80 ? "" : String.fromCharCode(byte)
    ).join("")
  )
