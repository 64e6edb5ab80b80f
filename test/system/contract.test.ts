/** The promises of actors, held by actors on worker threads. */
import { Worker } from "node:worker_threads"
import { ActorSystem } from "shared-nothing"
import { actorContract } from "../contract/actorContract.ts"
import { redeliveryContract } from "../contract/redeliveryContract.ts"
import { stashContract } from "../contract/stashContract.ts"
import { statsContract } from "../contract/statsContract.ts"
import { watchContract } from "../contract/watchContract.ts"
import { fixture, quiet } from "./threads.ts"

const options = {
  layer: ActorSystem.layerThreads({ spawn: () => new Worker(fixture("actors"), quiet), threads: 1 }),
  live: true
}
actorContract("ActorSystem.layerThreads", options)
redeliveryContract("redelivery on worker threads", options)
watchContract("ends of actors on worker threads", options)
stashContract("messages that actors on worker threads put off", options)
statsContract("what actors on worker threads count", options)

actorContract("ActorSystem.layerThreads, with mailboxes that survive", {
  ...options,
  layer: ActorSystem.layerThreads({ spawn: () => new Worker(fixture("survivors"), quiet), threads: 1 }),
  isLasting: true
})
