import * as Effect from "effect/Effect"
import * as Scheduler from "effect/Scheduler"

/** The most event loop turns that the engine may take to react to one step. A bound for a fiber that never rests. */
const mostTurns = 100_000

/**
 * Runs the fibers of a recorded or replayed engine, and knows whether any of them is about to run. The engine receives one
 * step at a time and the next one only when it has reacted to the last, so its fibers run in the same order each time.
 */
export class TapeScheduler extends Scheduler.MixedScheduler {
  private scheduled = 0

  override makeDispatcher(): ReturnType<Scheduler.MixedScheduler["makeDispatcher"]> {
    const dispatcher = super.makeDispatcher()
    const schedule = dispatcher.scheduleTask.bind(dispatcher)
    dispatcher.scheduleTask = (task, priority) => {
      this.scheduled++
      schedule(() => {
        this.scheduled--
        task()
      }, priority)
    }
    return dispatcher
  }

  /**
   * Completes when no fiber is about to run. Two turns of the event loop without one are needed, because promises between
   * fibers (those of a provider's SDK) are done after the first.
   */
  readonly rest: Effect.Effect<void> = Effect.gen({ self: this }, function* () {
    let calm = 0
    for (let i = 0; calm < 2 && i < mostTurns; i++) {
      yield* Effect.yieldNow
      calm = this.scheduled === 0 ? calm + 1 : 0
    }
  })
}
