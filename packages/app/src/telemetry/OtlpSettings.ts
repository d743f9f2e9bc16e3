/** The environment variables of a process. */
export type Environment = { readonly [name: string]: string | undefined }

const signals = ["traces", "metrics", "logs"] as const
export type Signal = (typeof signals)[number]

/** Where and how one signal is exported. */
export interface Target {
  readonly url: string
  readonly headers: { readonly [name: string]: string }
  readonly protocol: "http/json" | "http/protobuf"
  readonly compression: "gzip" | "none"
}

/** What the standard OpenTelemetry variables of an environment ask for. */
export interface OtlpSettings {
  /** The signals to export; empty if there are none. */
  readonly targets: { readonly [S in Signal]?: Target }
  /** Attributes of the process, with `service.name` and `service.version` if they are set. */
  readonly resource: { readonly [name: string]: string }
  /** Whether spans may contain what users, models and tools wrote. */
  readonly content: boolean
  /** Settings that cannot be used, and why. They contain no values, because headers are secrets. */
  readonly problems: ReadonlyArray<string>
}

/** Empty variables count as not set, as the specification requires. */
const valueOf = (env: Environment, name: string): string | undefined => {
  const value = env[name]?.trim()
  return value === "" ? undefined : value
}

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** `key=value,key=value`, percent-encoded. Entries without `=` are ignored. */
const pairs = (text = ""): { readonly [name: string]: string } =>
  Object.fromEntries(
    text.split(",").flatMap((entry) => {
      const [name = "", ...value] = entry.split("=")
      return name.trim() === "" || value.length === 0 ? [] : [[decoded(name.trim()), decoded(value.join("=").trim())]]
    })
  )

const urlOf = (env: Environment, signal: Signal): string | undefined => {
  const base = valueOf(env, "OTEL_EXPORTER_OTLP_ENDPOINT")
  const own = valueOf(env, `OTEL_EXPORTER_OTLP_${signal.toUpperCase()}_ENDPOINT`)
  return own ?? (base === undefined ? undefined : `${base.replace(/\/+$/, "")}/v1/${signal}`)
}

const isHttp = (url: string): boolean => /^https?:$/.test(URL.parse(url)?.protocol ?? "")

/** The target of a signal, or the problem with it. Undefined if it is not exported. */
const targetOf = (env: Environment, signal: Signal): Target | string | undefined => {
  const url = urlOf(env, signal)
  const exporters = (valueOf(env, `OTEL_${signal.toUpperCase()}_EXPORTER`) ?? "otlp").split(",")
  if (url === undefined || !exporters.some((name) => name.trim() === "otlp")) return undefined
  const setting = (name: string) =>
    valueOf(env, `OTEL_EXPORTER_OTLP_${signal.toUpperCase()}_${name}`) ?? valueOf(env, `OTEL_EXPORTER_OTLP_${name}`)
  const protocol = setting("PROTOCOL") ?? "http/json"
  if (protocol !== "http/json" && protocol !== "http/protobuf")
    return `${signal} are not exported: the protocol is neither http/json nor http/protobuf`
  if (!isHttp(url))
    return `${signal} are not exported: the endpoint is not an address that begins with http:// or https://`
  const compression = setting("COMPRESSION") === "gzip" ? "gzip" : "none"
  return { url, headers: pairs(setting("HEADERS")), protocol, compression }
}

const isTrue = (value: string | undefined): boolean => value?.toLowerCase() === "true"

/**
 * Reads the OpenTelemetry variables. Nothing is exported without an endpoint, or with `OTEL_SDK_DISABLED=true`. Only the
 * user's environment may be passed here: a project must not choose where telemetry goes.
 */
export const fromEnvironment = (env: Environment): OtlpSettings => {
  const isDisabled = isTrue(valueOf(env, "OTEL_SDK_DISABLED"))
  const found = isDisabled ? [] : signals.map((signal) => [signal, targetOf(env, signal)] as const)
  const serviceName = valueOf(env, "OTEL_SERVICE_NAME")
  return {
    targets: Object.fromEntries(found.filter(([, target]) => typeof target === "object")),
    resource: {
      ...pairs(valueOf(env, "OTEL_RESOURCE_ATTRIBUTES")),
      ...(serviceName === undefined ? {} : { "service.name": serviceName })
    },
    content: isTrue(valueOf(env, "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT")),
    problems: found.flatMap(([, target]) => (typeof target === "string" ? [target] : []))
  }
}
