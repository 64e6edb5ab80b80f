/**
 * Typed actors, supervisors and shared-memory messaging for Effect on Node.js.
 */
export * as Actor from "./actor/Actor.ts"
export * as ActorError from "./actor/ActorError.ts"
export * as ActorRef from "./actor/ActorRef.ts"
export * as Channel from "./channel/Channel.ts"
export * as ChannelError from "./channel/ChannelError.ts"
export * as ChannelThread from "./channel/ChannelThread.ts"
export * as SharedChannel from "./channel/SharedChannel.ts"
export * as Child from "./supervisor/Child.ts"
export * as Supervisor from "./supervisor/Supervisor.ts"
export * as SupervisorError from "./supervisor/SupervisorError.ts"
export * as Tree from "./supervisor/Tree.ts"
export * as ActorSystem from "./system/ActorSystem.ts"
export * as ActorThread from "./system/ActorThread.ts"
export * as ThreadError from "./thread/ThreadError.ts"
export * as Codec from "./wire/Codec.ts"
