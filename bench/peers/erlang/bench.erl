%% Erlang/OTP on the actor cases: bench:main([Case, Count, Samples, Warmups]) prints one report as JSON.
%%
%% Processes are spawned raw and send with `!`, which is the fastest that Erlang offers, except for the ask, which is gen_server:call,
%% and the restart, which is a supervisor with a gen_server: what programs use. Every message is counted by its receiver.
-module(bench).
-behaviour(gen_server).
-export([main/1, init/1, handle_call/3, handle_cast/2]).

main([Case, CountText, SamplesText, WarmupsText]) ->
  Count = list_to_integer(CountText),
  Samples = list_to_integer(SamplesText),
  Warmups = list_to_integer(WarmupsText),
  Results = [sample(Case, Count) || _ <- lists:seq(1, Warmups + Samples)],
  Figures = [Figure || {Figure, _, _} <- lists:nthtail(Warmups, Results)],
  print(Figures, sum([Received || {_, Received, _} <- Results]), sum([Expected || {_, _, Expected} <- Results])),
  halt().

print(Figures, {Count, Checksum}, {ExpectedCount, ExpectedChecksum}) ->
  Texts = [io_lib:format("~.5f", [Figure * 1.0]) || Figure <- Figures],
  io:format("{\"samples\":[~s],\"received\":{\"count\":~w,\"checksum\":~w},\"expected\":{\"count\":~w,\"checksum\":~w}}~n",
            [lists:join(",", Texts), Count, Checksum, ExpectedCount, ExpectedChecksum]).

sum(Tallies) -> lists:foldl(fun({A, B}, {C, D}) -> {A + C, B + D} end, {0, 0}, Tallies).

nanos() -> erlang:monotonic_time(nanosecond).

%% A figure in the unit of the case, what the receiver saw, and what it should have seen.
sample("tell", Count) -> tell(Count, fun sink/4);
sample("tell-yield", Count) -> tell(Count, fun yielding_sink/4);
sample("ask", Count) -> ask(Count);
sample("spawn", Count) ->
  {Nanos, _, Answered} = spawned(Count),
  {Count / Nanos * 1.0e9, Answered, ids(Count)};
sample("memory", Count) ->
  {_, Bytes, Answered} = spawned(Count),
  {Bytes / Count, Answered, ids(Count)};
sample("restart", Count) -> restart(Count);
sample(Shape, Count) -> shape(Shape, Count).

ids(Count) -> {Count, Count * (Count - 1) div 2}.

%% One sender, one receiver.
tell(Count, Sink) ->
  Self = self(),
  Start = nanos(),
  Receiver = spawn(fun() -> Self ! {received, Sink(Count, 0, 0, 0.0)} end),
  send(Receiver, 0, Count),
  Received = receive {received, Tally} -> Tally end,
  Nanos = nanos() - Start,
  {Nanos / Count, Received, {Count, Count * (Count - 1) div 2 + Count * 7 + Count * 1.5}}.

send(_, Count, Count) -> ok;
send(Receiver, Id, Count) ->
  Receiver ! {message, Id, 7, 1.5},
  send(Receiver, Id + 1, Count).

sink(0, Count, Sum, Doubles) -> {Count, Sum + Doubles};
sink(Left, Count, Sum, Doubles) ->
  receive {message, Id, A, B} -> sink(Left - 1, Count + 1, Sum + Id + A, Doubles + B) end.

yielding_sink(0, Count, Sum, Doubles) -> {Count, Sum + Doubles};
yielding_sink(Left, Count, Sum, Doubles) ->
  receive {message, Id, A, B} ->
    erlang:yield(),
    yielding_sink(Left - 1, Count + 1, Sum + Id + A, Doubles + B)
  end.

%% The shapes of bench/runner/Shapes.ts, with as many members and the same generator. A member that has seen its last message says `finished`.
-define(MEMBERS, 100).

shape(Shape, Count) ->
  {Begin, Finishers, Members} = shape(Shape, Count, self()),
  Start = nanos(),
  [Member ! go || Member <- Begin],
  [receive finished -> ok end || _ <- lists:seq(1, Finishers)],
  Nanos = nanos() - Start,
  [Member ! {tally, self()} || Member <- Members],
  Tally = sum([receive {tally, Seen, Sum} -> {Seen, Sum} end || _ <- Members]),
  {Nanos / Count, Tally, shape_tally(Shape, Count)}.

shape("ring", Count, Self) ->
  [First | _] = Members = members(fun(Index, Peers) -> ring(Self, element((Index + 1) rem ?MEMBERS + 1, Peers), Count, 0, 0.0) end),
  {[First], 1, Members};
shape("fan-in", Count, Self) ->
  Receiver = spawn(fun() -> taker(Self, Count, 0, 0.0) end),
  Share = Count div ?MEMBERS,
  Senders = members(fun(Index, _) -> receive go -> send(Receiver, Index * Share, (Index + 1) * Share) end end),
  {Senders, 1, [Receiver]};
shape("fan-out", Count, Self) ->
  Receivers = members(fun(_, _) -> taker(Self, Count div ?MEMBERS, 0, 0.0) end),
  Peers = list_to_tuple(Receivers),
  Sender = spawn(fun() -> receive go -> send_in_turn(Peers, 0, Count) end end),
  {[Sender], ?MEMBERS, Receivers};
shape("big", Count, Self) ->
  Members = members(fun(Index, Peers) -> big({Self, Index, Peers}, Count div ?MEMBERS div 2, Index + 1, 0, 0.0) end),
  {Members, ?MEMBERS, Members}.

members(Run) ->
  Members = [spawn(fun() -> receive {peers, Peers} -> Run(Index, Peers) end end) || Index <- lists:seq(0, ?MEMBERS - 1)],
  Peers = list_to_tuple(Members),
  [Member ! {peers, Peers} || Member <- Members],
  Members.

ring(Self, Next, Hops, Count, Sum) ->
  receive
    go -> self() ! {message, Hops - 1, 7, 1.5}, ring(Self, Next, Hops, Count, Sum);
    {message, 0, A, B} -> Self ! finished, ring(Self, Next, Hops, Count + 1, Sum + A + B);
    {message, Id, A, B} -> Next ! {message, Id - 1, 7, 1.5}, ring(Self, Next, Hops, Count + 1, Sum + Id + A + B);
    {tally, From} -> From ! {tally, Count, Sum}
  end.

taker(Self, Last, Last, Sum) -> Self ! finished, receive {tally, From} -> From ! {tally, Last, Sum} end;
taker(Self, Last, Count, Sum) ->
  receive {message, Id, A, B} -> taker(Self, Last, Count + 1, Sum + Id + A + B) end.

send_in_turn(_, Count, Count) -> ok;
send_in_turn(Peers, Id, Count) ->
  element(Id rem ?MEMBERS + 1, Peers) ! {message, Id, 7, 1.5},
  send_in_turn(Peers, Id + 1, Count).

big({Self, Index, Peers} = Member, Pings, Seed, Count, Sum) ->
  receive
    {message, Id, 7, B} ->
      element(Id + 1, Peers) ! {message, Index, 8, 1.5},
      big(Member, Pings, Seed, Count + 1, Sum + Id + 7 + B);
    {message, Id, 8, B} when Pings =:= 0 -> Self ! finished, big(Member, Pings, Seed, Count + 1, Sum + Id + 8 + B);
    {message, Id, 8, B} -> big(Member, Pings - 1, ping(Member, Seed), Count + 1, Sum + Id + 8 + B);
    go -> big(Member, Pings - 1, ping(Member, Seed), Count, Sum);
    {tally, From} -> From ! {tally, Count, Sum}
  end.

ping({_, Index, Peers}, Seed) ->
  Next = next_random(Seed),
  element(Next rem ?MEMBERS + 1, Peers) ! {message, Index, 7, 1.5},
  Next.

next_random(Seed) -> Seed * 48271 rem 2147483647.

shape_tally("big", Count) ->
  Pings = Count div ?MEMBERS div 2,
  Met = lists:sum([Index * Pings + met(Pings, Index + 1, 0) || Index <- lists:seq(0, ?MEMBERS - 1)]),
  {Count, Met + Count div 2 * 15 + Count * 1.5};
shape_tally(_, Count) -> {Count, Count * (Count - 1) div 2 + Count * 7 + Count * 1.5}.

met(0, _, Sum) -> Sum;
met(Left, Seed, Sum) -> Next = next_random(Seed), met(Left - 1, Next, Sum + Next rem ?MEMBERS).

%% One caller, one gen_server that answers its argument plus one.
ask(Count) ->
  {ok, Server} = gen_server:start_link(?MODULE, [], []),
  Start = nanos(),
  Sum = ask(Server, 0, Count, 0),
  Nanos = nanos() - Start,
  gen_server:stop(Server),
  {Nanos / Count / 1000, {Count, Sum}, {Count, Count * (Count + 1) div 2}}.

ask(_, Count, Count, Sum) -> Sum;
ask(Server, Number, Count, Sum) -> ask(Server, Number + 1, Count, Sum + gen_server:call(Server, {add, Number})).

%% Idle processes with one number of state. Afterwards each is asked for it and told to stop.
spawned(Count) ->
  erlang:garbage_collect(),
  Before = erlang:memory(processes),
  Start = nanos(),
  Processes = spawn_all(Count, []),
  Nanos = nanos() - Start,
  %% The list of their names is ours, not theirs: two words a process.
  Bytes = erlang:memory(processes) - Before - Count * 16,
  Self = self(),
  [Process ! {stop, Self} || Process <- Processes],
  {Nanos, Bytes, answers(Count, 0)}.

spawn_all(0, Processes) -> Processes;
spawn_all(Left, Processes) -> Id = Left - 1, spawn_all(Id, [spawn(fun() -> idle(Id) end) | Processes]).

idle(Id) ->
  receive
    {add, Number} -> idle(Id + Number);
    {stop, From} -> From ! {answer, Id}
  end.

answers(Count, Sum) -> answers(Count, Count, Sum).
answers(Count, 0, Sum) -> {Count, Sum};
answers(Count, Left, Sum) -> receive {answer, Id} -> answers(Count, Left - 1, Sum + Id) end.

%% Crashes a supervised gen_server and asks by name until the next incarnation answers.
restart(Count) ->
  {ok, Supervisor} = supervisor:start_link(?MODULE, supervisor),
  logger:set_primary_config(level, none),
  {Nanos, Answers} = restart(Count, 0, 0),
  unlink(Supervisor),
  exit(Supervisor, shutdown),
  receive_down(Supervisor),
  {Nanos / Count / 1000, {Count, Answers}, {Count, Count * 42}}.

restart(0, Nanos, Answers) -> {Nanos, Answers};
restart(Left, Nanos, Answers) ->
  Start = nanos(),
  gen_server:cast(restarted, crash),
  Answer = served(),
  restart(Left - 1, Nanos + nanos() - Start, Answers + Answer).

served() ->
  try gen_server:call(restarted, {add, 41})
  catch exit:_ -> served()
  end.

receive_down(Process) ->
  Monitor = monitor(process, Process),
  receive {'DOWN', Monitor, process, Process, _} -> ok end.

init(supervisor) ->
  Child = #{id => restarted, start => {gen_server, start_link, [{local, restarted}, ?MODULE, [], []]}},
  {ok, {#{strategy => one_for_one, intensity => 1000000, period => 1}, [Child]}};
init(_) -> {ok, 0}.

handle_call({add, Number}, _From, State) -> {reply, Number + 1, State}.

handle_cast(crash, _) -> exit(crash);
handle_cast(_, State) -> {noreply, State}.
