import * as Schema from "effect/Schema"

/** There is no login that the server takes, and nobody is there to make one. */
export class LoginNeeded extends Schema.TaggedError<LoginNeeded>()("LoginNeeded", { problem: Schema.String }) {
  override get message(): string {
    return this.problem
  }
}

/** The login that there is does not allow one request. Others may go on. */
export class ScopeNeeded extends Schema.TaggedError<ScopeNeeded>()("ScopeNeeded", {
  problem: Schema.String
}) {
  override get message(): string {
    return this.problem
  }
}

/** Logging in was tried and did not work. */
export class LoginFailed extends Schema.TaggedError<LoginFailed>()("LoginFailed", { problem: Schema.String }) {
  override get message(): string {
    return this.problem
  }
}
