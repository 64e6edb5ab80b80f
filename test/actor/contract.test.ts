import * as Layer from "effect/Layer"
import { ActorSystem } from "shared-nothing"
import { actorContract } from "../contract/actorContract.ts"
import { stashContract } from "../contract/stashContract.ts"
import { statsContract } from "../contract/statsContract.ts"
import { watchContract } from "../contract/watchContract.ts"
import { Live } from "../fixtures/actors.ts"

const options = { layer: Live.pipe(Layer.provideMerge(ActorSystem.layer)), live: false }
actorContract("actors on one thread", options)
watchContract("ends of actors on one thread", options)
stashContract("messages that actors on one thread put off", options)
statsContract("what actors on one thread count", options)
