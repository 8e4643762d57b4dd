/**
 * The Erlang side of {@link OtpNode}: expressions for `erl -eval`, which begin to read commands from
 * standard input and to print replies. Nothing is compiled and no file is needed.
 *
 *     command  Id SP Kind SP Evaluator SP Base64(text) LF     Kind: p print, t term_to_binary,
 *     reply    "<<" Token SP Id SP Word (SP Base64)* ">>" LF        m module source, x Elixir, y its term
 *
 * One process reads, one keeps the evaluators, and each evaluator is a process that lives on from
 * expression to expression, with its mailbox, links and dictionary. The end of standard input ends
 * the node: it cannot outlive the process that started it.
 */
export function otpNodeLoop(token: string): string {
  return LOOP.replaceAll("@TOKEN@", token)
    .replaceAll(/\s*\n\s*/g, " ")
    .trim();
}

const LOOP = String.raw`
begin
  B64 = fun(Chars) -> base64:encode(unicode:characters_to_binary(Chars)) end,
  Text = fun(Value) -> B64(io_lib:format("~0tp", [Value])) end,
  Say = fun(Words) ->
    io:put_chars(user, ["<<@TOKEN@", [[32, Word] || Word <- Words], ">>\n"]) end,
  Exprs = fun(Source) ->
    Tokens = case erl_scan:string(Source) of
      {ok, Scanned, End} ->
        case Scanned =/= [] andalso element(1, lists:last(Scanned)) of
          dot -> Scanned;
          _ -> Scanned ++ [{dot, End}] end;
      {error, {_, M, Bad}, _} -> error({syntax, lists:flatten(M:format_error(Bad))}) end,
    case erl_parse:parse_exprs(Tokens) of
      {ok, Parsed} -> Parsed;
      {error, {_, Mod, Why}} -> error({syntax, lists:flatten(Mod:format_error(Why))})
    end end,
  Run = fun(Source) -> {value, Value, _} = erl_eval:exprs(Exprs(Source), []), Value end,
  Elixir = fun(Bin) -> {Value, _} = apply('Elixir.Code', eval_string, [Bin]), Value end,
  Scan = fun(Chars, Line) ->
    case erl_scan:tokens([], Chars, Line) of
      {more, More} -> erl_scan:tokens(More, eof, Line);
      Done -> Done end end,
  Forms = fun Forms(Chars, Line) ->
    case Scan(Chars, Line) of
      {done, {ok, Tokens, Next}, Rest} ->
        case erl_parse:parse_form(Tokens) of
          {ok, Form} -> [Form | Forms(Rest, Next)];
          {error, {At, Mod, Why}} -> error({syntax, At, lists:flatten(Mod:format_error(Why))})
        end;
      {done, {eof, _}, _} -> [];
      {done, {error, {At, Mod, Why}, _}, _} ->
        error({syntax, At, lists:flatten(Mod:format_error(Why))})
    end end,
  Load = fun(Source) ->
    case compile:forms(Forms(Source ++ "\n", 1), [return_errors, nowarn_export_all]) of
      {ok, Module, Code} -> {module, Module} = code:load_binary(Module, "stdin", Code), Module;
      {error, Errors, _} -> error({compile, Errors})
    end end,
  Answer = fun(Kind, Bin) ->
    case Kind of
      <<"p">> -> Text(Run(unicode:characters_to_list(Bin)));
      <<"t">> -> base64:encode(term_to_binary(Run(unicode:characters_to_list(Bin))));
      <<"m">> -> Text(Load(unicode:characters_to_list(Bin)));
      <<"x">> -> base64:encode(apply('Elixir.Kernel', inspect, [Elixir(Bin)]));
      <<"y">> -> base64:encode(term_to_binary(Elixir(Bin)))
    end end,
  Evaluator = fun Evaluator() -> receive {'$disterl', Keeper, Id, Kind, Bin} ->
      Reply = try [<<"ok">>, Answer(Kind, Bin)]
        catch Class:Reason:Stack -> [<<"error">>, Text(Class), Text(Reason), Text(Stack)] end,
      Keeper ! {said, self(), Id},
      Say([Id | Reply]),
      Evaluator() end end,
  Keeper = fun Keeper(ByName, Open) -> receive
      {command, Id, Kind, Name, Bin} ->
        Pid = case ByName of
          #{Name := Known} -> Known;
          #{} -> element(1, spawn_monitor(Evaluator)) end,
        Pid ! {'$disterl', self(), Id, Kind, Bin},
        Keeper(ByName#{Name => Pid}, [{Pid, Id} | Open]);
      {said, Pid, Id} -> Keeper(ByName, lists:delete({Pid, Id}, Open));
      {'DOWN', _, process, Pid, Reason} ->
        [Say([Id, <<"error">>, Text('EXIT'), Text(Reason), Text([])]) || {P, Id} <- Open, P =:= Pid],
        Keeper(maps:filter(fun(_, P) -> P =/= Pid end, ByName), [E || E = {P, _} <- Open, P =/= Pid])
    end end,
  Reader = fun Reader(Pid) ->
    case io:get_line(user, "") of
      Line when is_binary(Line) ->
        [Id, Kind, Name, Source] = binary:split(string:trim(Line), <<" ">>, [global]),
        Pid ! {command, Id, Kind, Name, base64:decode(Source)},
        Reader(Pid);
      _ -> erlang:halt(0, [{flush, false}])
    end end,
  spawn(fun() ->
    group_leader(whereis(user), self()),
    ok = io:setopts(user, [binary, {encoding, unicode}]),
    Pid = spawn(fun() -> Keeper(#{}, []) end),
    Say([<<"0 ready">>, B64(os:getpid()), B64(atom_to_list(node())),
      B64(erlang:system_info(otp_release))]),
    Reader(Pid)
  end)
end.
`;
