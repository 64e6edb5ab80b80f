import * as Layer from "effect/Layer"
import { ActorSystem } from "shared-nothing"
import { actorContract } from "../contract/actorContract.ts"
import { Live } from "../fixtures/actors.ts"

actorContract("actors on one thread", { layer: Live.pipe(Layer.provideMerge(ActorSystem.layer)), live: false })
