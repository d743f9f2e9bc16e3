import * as Schema from "effect/Schema"

/** The server accepts no stored login, and there is no user present who could log in. */
export class LoginNeeded extends Schema.TaggedError<LoginNeeded>()("LoginNeeded", { problem: Schema.String }) {
  override get message(): string {
    return this.problem
  }
}

/** The scope of the current login does not permit one request. Other requests are not affected. */
export class ScopeNeeded extends Schema.TaggedError<ScopeNeeded>()("ScopeNeeded", {
  problem: Schema.String
}) {
  override get message(): string {
    return this.problem
  }
}

/** A login was attempted and failed. */
export class LoginFailed extends Schema.TaggedError<LoginFailed>()("LoginFailed", { problem: Schema.String }) {
  override get message(): string {
    return this.problem
  }
}
