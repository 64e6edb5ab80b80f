/**
 * Why a thread cannot join a pool, as values.
 */
import * as Schema from "effect/Schema"

/**
 * No thread of this process has a pool of this name.
 *
 * **Errors** Nothing was joined. Make the pool (`Pool.layer`) before, or while, the thread starts; where it has a `name`, give the same to
 * `Pool.join`.
 */
export class PoolNotFound extends Schema.TaggedError<PoolNotFound>("shared-nothing/pool/PoolNotFound")("PoolNotFound", {
  pool: Schema.String,
  waitedMillis: Schema.Number
}) {
  override get message() {
    return `no thread of this process has had a pool ${this.pool} for ${this.waitedMillis} ms: make it with Pool.layer, and give Pool.join the name that it has`
  }
}

/**
 * As many threads use the pool as may.
 *
 * **Errors** Nothing was joined. Make the pool with more `clients`, or try again when another thread has left it.
 */
export class PoolCrowded extends Schema.TaggedError<PoolCrowded>("shared-nothing/pool/PoolCrowded")("PoolCrowded", {
  pool: Schema.String,
  clients: Schema.Number
}) {
  override get message() {
    return `${this.pool} is used by as many other threads as it has places for (${this.clients}): make it with more clients`
  }
}

/**
 * Several pools of this process have this name.
 *
 * **Errors** Nothing was joined. Give each pool a `name` of its own, and to `Pool.join` that of the one that is meant.
 */
export class PoolAmbiguous
  extends Schema.TaggedError<PoolAmbiguous>("shared-nothing/pool/PoolAmbiguous")("PoolAmbiguous", {
    pool: Schema.String
  })
{
  override get message() {
    return `several pools of this process are called ${this.pool}: give each a name of its own`
  }
}
