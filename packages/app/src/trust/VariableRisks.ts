/**
 * How an environment variable can influence a program, as the second half of a sentence. The first matching kind applies.
 * A name that matches no kind gets a general warning.
 */
const kinds: ReadonlyArray<readonly [names: RegExp, sentence: string]> = [
  [
    /^(?:PATH|PATHEXT|NODE_OPTIONS|NODE_PATH|NODE_REPL_\w+|LD_\w+|DYLD_\w+|GCONV_PATH|LOCPATH|PYTHON\w*|BASH_\w+|ENV|ZDOTDIR|SHELLOPTS|BASHOPTS|PS4|PERL\w*|RUBY\w*|GEM_\w+|BUNDLE_\w+|_?JAVA_\w+|JDK_\w+|CLASSPATH|MAVEN_\w+|GRADLE_\w+|DOTNET_\w+|CORECLR_\w+|COMPLUS_\w+|COR_\w+|PHP\w*|LUA_\w+|DENO_\w+|BUN_\w+|TS_NODE_\w+|TSX_\w+|R_\w+|JULIA_\w+|ELECTRON_\w+|OPENSSL_\w+)$|(?:_OPTIONS|_OPTS|FLAGS|_PRELOAD|_PLUGINS?|_PATH|_HOOKS?|_AGENT)$/i,
    "can make a program load and run other code"
  ],
  [
    /PAGER|EDITOR|VISUAL|BROWSER|SHELL|ASKPASS|^(?:GIT_(?!SSL)\w+|CC|CXX|AR|LD|RUSTC|COMSPEC|TERMINAL|OPENER|MANPATH|LESSOPEN|LESSCLOSE)$|(?:_COMMAND|_CMD|_EXEC|_PROGRAM|_HELPER|_WRAPPER|_BIN|_SSH|_RSH)$/i,
    "can name a program that other programs start"
  ],
  [
    /PROXY|SSL|TLS|CERT|CA_BUNDLE|CA_FILE|CA_PATH|^(?:HOSTALIASES|RES_OPTIONS|LOCALDOMAIN|GOSUMDB|GONOSUMDB|GONOSUMCHECK|GOINSECURE|GOPRIVATE)$/i,
    "can redirect a program's network requests, or make it trust servers that it should not"
  ],
  [
    /^(?:HOME|HOMEDRIVE|HOMEPATH|USERPROFILE|APPDATA|LOCALAPPDATA|PROGRAMDATA|SYSTEMROOT|WINDIR|TMP|TEMP|TMPDIR|XDG_\w+|NPM_\w+|YARN_\w+|PNPM_\w+|COREPACK_\w+|PIP_\w+|PIPX_\w+|UV_\w+|POETRY_\w+|CONDA_\w+|VIRTUAL_ENV|PYENV_\w+|NVM_\w+|VOLTA_\w+|ASDF_\w+|MISE_\w+|CARGO_\w+|RUSTUP_\w+|GO\w+|DOCKER_\w+|COMPOSE_\w+|KUBECONFIG)$|(?:_HOME|CONFIG|_CONF|_DIR|_DIRECTORY|_ROOT|_FILE|RC)$/i,
    "can make programs read other settings, which can name other code to run"
  ],
  [
    /URL|URI|(?:^|_)(?:HOST|HOSTNAME|ENDPOINT|SERVER|REGISTRY|MIRROR|DSN)$/i,
    "can name the address that a program sends your data to"
  ],
  [
    /TOKEN|KEY|SECRET|PASS|AUTH|CREDENTIAL|COOKIE|ACCOUNT|(?:^|_)(?:USER|LOGIN|TENANT|PROFILE)(?:_|$)/i,
    "can make it use an account that the project chose, and store your data there"
  ]
]

const word = /^(?:[\w@+,=*-][\w .@:+,=*-]*)?$/
/** Reviewed: with a value of this form, which names no file, these change a program's output but not what it runs. */
const harmless: ReadonlyArray<readonly [names: RegExp, value: RegExp]> = [
  [/^(?:LANG|LANGUAGE|LC_\w+|NO_COLOR|FORCE_COLOR|CLICOLOR|CLICOLOR_FORCE|COLUMNS|LINES)$/i, word],
  [/^(?:LOG_?LEVEL|DEBUG|VERBOSE|PORT)$/i, word],
  [/^TZ$/i, /^(?:UTC|[A-Z][A-Za-z_]+(?:\/[A-Z][A-Za-z_+-]+){0,2})$/]
]

/** What a project can do by setting a variable; undefined for the few that are harmless. */
export const danger = (name: string, value: string): string | undefined =>
  harmless.some(([names, form]) => names.test(name) && form.test(value))
    ? undefined
    : (kinds.find(([names]) => names.test(name))?.[1] ?? "is the project's choice, and can change what a program does")
