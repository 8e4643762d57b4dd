#!/usr/bin/env escript
%%! +pc unicode
%% Writes what file:consult of this OTP release makes of some texts, as JSON:
%%
%%     escript make-consult-vectors.escript > consult-29.json
%%
%% Terms are written as make-term-vectors.escript writes them; null stands for an error.
-mode(compile).

main(_) ->
    File = filename:join(filename:basedir(user_cache, "consult-vectors"), "text"),
    ok = filelib:ensure_dir(File),
    Lines = [vector(unicode:characters_to_binary(Text), File) || Text <- texts()],
    ok = file:delete(File),
    out(["[\n", lists:join(",\n", Lines), "]\n"]).

vector(Text, File) ->
    ok = file:write_file(File, Text),
    Terms = try file:consult(File) of
                {ok, Read} -> array([json(T) || T <- Read]);
                {error, _} -> "null"
            catch
                error:_ -> "null"
            end,
    ["{\"text\":", str(Text), ",\"terms\":", Terms, "}"].

out(Text) -> io:setopts([{encoding, latin1}]), file:write(standard_io, iolist_to_binary(Text)).

texts() ->
    [
      "#m:n{a = 1}.", "\"a\"\"b\".", "\"a\" \"b\".", "maybe.", "else.", "- -1.", "-(1).", "-(-1).", "+$a.", "-$a.",
      "(((1))).", "~\"abc\".", "~b\"a\\n\".", "~B\"a\\n\".", "~s\"abc\".", "~S(a\\)b).", "~b(a\\)b).", "~s{é} \"x\".",
      "~x\"a\".", "~b\"a\"u.", "<<~\"abc\">>.", "<<~\"abc\"/binary>>.", "<<(<<1>>)/binary>>.", "<< <<1>>/binary >>.",
      "<<1.5>>.", "<<1.5/float>>.", "<<1/float>>.", "<<1.5:16/float>>.", "<<1.0e300:32/float>>.", "<<\"abc\":16>>.",
      "<<\"é\"/utf8>>.", "<<\"日\">>.", "<<\"日\"/utf16-little>>.", "<<1:12/little>>.", "<<16#abc:12/little,1:4>>.",
      "<<1:(2+3)>>.", "<<1:(8)>>.", "<<1:$\\b>>.", "<<-1:4>>.", "<<- 1>>.", "<<+1>>.", "<<[97]>>.", "<<a>>.",
      "<<1:2/unit:4>>.", "<<1:2/integer-unit:4-big>>.", "<<1/unit:8>>.", "<< <<1,2,3>>:2/binary >>.",
      "<< <<1,2,3>>:4/binary >>.", "<< <<1,2,3>>:5/bits >>.", "<< <<1:3>>/binary >>.", "<<\"ab\"/float>>.",
      "<<\"ab\":4/integer>>.", "<<\"ab\"/binary>>.", "<<1/utf8>>.", "<<16#d800/utf8>>.", "<<1:8/utf8>>.", "<<0:0>>.",
      "<<1:-1>>.", "<<(-1)>>.", "<<(1):4>>.", "<<$a>>.", "<<$a:4>>.", "<<\"\">>.", "<<\"a\" \"b\">>.",
      "<<1:8/integer/unsigned>>.", "<<1/big-little>>.", "<<1/foo>>.", "1_000.", "1__0.", "1_.", "16#f_f.", "16#FF.",
      "37#1.", "1#0.", "36#Zz.", "2#12.", "16#.", "1.5e3.", "1.5E+3.", "1.5e-3.", "1.e5.", "1e5.", "1.5e.", "1_0.0_1.",
      "1.0e1_0.", "1.0e400.", "1.0e-400.", "16#1.8#e1.", "2#0.1#.", "2#0.1#e8.", "16#1.8.", "007.", "1a.", "1.5a.",
      "16#fg.", "$a.", "$\\n.", "$ .", "$\\s.", "$\\x41.", "$\\x{1F600}.", "$\\101.", "$\\8.", "$\\^a.", "$\\^?.",
      "$\\^[.", "$\\\".", "$é.", "$\\x{110000}.", "$\\x{D800}.", "$\\x.", "$\\x4.", "$\n.", "$..", "$\\\n.", "$%.",
      "$\\777.", "$\\400.", "'a\\nb'.", "'a\nb'.", "''.", "'é日'.", "'a\\\nb'.", "'a\\x{e9}'.", "é.", "日.", "aÖ@_1.",
      "X.", "_.", "case.", "a.b.", "a .", "a", "a.%c", "a.%c\nb.", "a b.", "", "%only\n", ".", "{a,}.", "[a,].",
      "[|a].", "[a|b|c].", "[a|b,c].", "[a|[b|c]].", "[1|\"ab\"].", "#{}.", "#{a=>1,a=>2}.", "#{a:=1}.", "# {a=>1}.",
      "#{a=>1,}.", "#{1=>1,1.0=>2}.", "{}.", "[].", "{a}{b}.", "fun lists:map/2.", "fun 'a b':c/0.",
      "fun lists:map / 2.", "fun lists:map/256.", "fun map/2.", "fun lists:map/x.", "fun (X) -> X end.", "<0.1.2>.",
      "#Ref<0.1.2.3>.", "#Fun<a.b>.", "#Port<0.1>.", "1+2.", "a++b.", "\"a\"++\"b\".", "a:b.", "a:b().", "\"abc",
      "'abc", "\"\\x{41}\\n\\\"\".", "\"a\nb\".", "\"a\\\nb\".", "\"\\^A\".", "\"\\d\\e\\s\\0\\12\\1234\".", "\"\\q\".",
      "\"\"\"\n  abc\n  def\n  \"\"\".", "\"\"\"\n  abc\n   \\n \"q\"\n  \"\"\".", "\"\"\"\n \"\"\".",
      "\"\"\"\n\n \"\"\".", "\"\"\"\n abc\n  \"\"\".", "\"\"\" abc\n \"\"\".", "\"\"\"\"\n \"\"\"\n \"\"\"\".",
      "\"\"\"\n  abc\n\n  def\n  \"\"\".", "\"\"\"  \n  abc\n  \"\"\".", "~\"\"\"\n  abc\\n\n  \"\"\".",
      "~b\"\"\"\n  abc\\n\n  \"\"\".", "~s\"\"\"\n  abc\\n\n  \"\"\".", "\"\"\"\n  abc\n  \"\"\" \"x\".",
      "\"\"\"\r\n  abc\r\n  \"\"\".", "{\"\"\"\n  abc\n  \"\"\"}.", "\"\".", "\"\"\"\"\"\".", "\"\"\"\nabc\n\"\"\".",
      "\"\"\"\n\tabc\n\t\"\"\".", "\"\"\"\n  a\n  b\"\"\"\n  \"\"\".", "a.\nb.\n{c,\"d\"}.\n", "a,b.", "a;b.",
      "\x{feff}a.", "a\x{a0}.", "[a,b c].", "-a.", "-.5.", ".5.", "-0.", "-0.0.", "+0.0.", "--1.", "-1_0.",
      "begin a end.", "[a||b].", "<<>>.", "<<1,>>.", "<<1,2:3,\"a\">>.", "<<1", "~'abc'.", "~<a>.", "~/a/.", "~|a|.",
      "~`a`.", "~#a#.", "~[a].", "~ \"a\".", "~b \"a\".", "\"a\" ~\"b\".", "~\"a\" ~\"b\".", "~\"a\" \"b\".",
      "?MODULE.", "@.", "!.", "a@b.", "_a.", "#rec{a=1}.", "#rec.a.", "{a=1}.", "'a' 'b'.", "\"\\x{d800}\".",
      "\"\\x{ffff}\".", "'\\x{ffff}'.", "{a, [b|c], #{1 => \"x\"}}.", "[1,[2,[3|4]|5]].",
      "<<1,2.5/float,\"é\"/utf8,3:4>>.", "16#123456789abcdef0123.", "36#zzzzzzzzzzzzzzzzzzzzz.",
      "1.7976931348623157e308.", "4.9e-324.", "123456789012345678901234567890.5.", "16#0.000000000000000000001.",
      "3#0.1.", "7#1.23456#e10.", "10#1.1#e-20.", "36#a.zz#e5.",
      "[a, % comment\n b\n].", "<<3.14:32/float-little>>.", "<<0.1:16/float>>.", "<<65519.9:16/float>>.",
      "<<6.0e-8:16/float>>.", "<<1.0e-8:16/float>>.", "<<-2.5:16/float>>.", "<<16#12345:20/little,1:4>>.", "<<-1:70>>.",
      "<<1:3,2:5/little,3:17/little-signed>>.", "<<\"abc\":4>>.", "<<\"日本\"/utf16>>.", "<<\"日本\"/utf32-little>>.",
      "<<\"é\"/utf16-big,1:1>>.", "<<1:2/bits>>.", "#{#{a => 1} => [#{}]}.", "~s\"é\" .", "{~\"é\", ~B[\\n], ~S/x/}.",
      "\"\"\"\n    é\n      indented\n    \"\"\".", "~b\"\"\"\n  a\\tb\n  c\\\\d\n  \"\"\".", "a. b. c. %end",
      "[$a,$\\s,$\\x{e9}].", "\"\\x{e9}\\351\".", "'\\x{1F600}'.", "'Elixir.Foo'.", "{-1,+1,- 1.5,-$a}.", "<<(-1):8>>.",
      "<<\"a\", \"b\":16/little>>.", "\"a\"\n\"b\" %c\n \"c\".", "[a|(b)].", "[1|([2|([3])])].", "((({}))).",
      "-(((1))).", "{}  .", "<<<<1>>/bits>>.", "<<(<<1:4>>)/bits, 5:4>>.", "1.5e+3.", "16#Ff_fF.", "$\\^@.", "$\\^_.",
      "$\\^`.", "$\\^1.", "$\\x{}.", "#{a=>b,a=>c,1=>2}.", "fun true:false/1.", "<<16#110000/utf8>>.",
      "<<16#ffff/utf8>>.", "<<1.0:8/float>>.", "<<1/signed-little-integer>>.", "<<1/integer-integer>>.",
      "<<1:8/unit:257>>.", "<<1:8/unit:0>>.", "<<$a/utf16>>.", "<<\"a\"/float>>."
    ].

%% JSON

json(T) when is_integer(T) -> ["{\"i\":", str(integer_to_list(T)), "}"];
json(T) when is_float(T) -> ["{\"f\":", str(hex(<<T/float>>)), "}"];
json(T) when is_atom(T) -> ["{\"a\":", str(atom_to_list(T)), "}"];
json(T) when is_bitstring(T) ->
    Pad = (8 - bit_size(T) rem 8) rem 8,
    ["{\"b\":", str(hex(<<T/bits, 0:Pad>>)), ",\"bits\":", integer_to_list(bit_size(T)), "}"];
json(T) when is_list(T) ->
    {Items, Tail} = split(T, []),
    ["{\"l\":", array([json(I) || I <- Items]), [[",\"tail\":", json(Tail)] || Tail =/= []], "}"];
json(T) when is_tuple(T) -> ["{\"t\":", array([json(I) || I <- tuple_to_list(T)]), "}"];
json(T) when is_map(T) -> ["{\"m\":", array([array([json(K), json(V)]) || {K, V} <- maps:to_list(T)]), "}"];
json(T) when is_function(T) ->
    [{module, M}, {name, N}, {arity, A}] = [erlang:fun_info(T, I) || I <- [module, name, arity]],
    ["{\"ext\":", array([str(atom_to_list(M)), str(atom_to_list(N)), integer_to_list(A)]), "}"].

split([H | T], Acc) -> split(T, [H | Acc]);
split(Tail, Acc) -> {lists:reverse(Acc), Tail}.

array(Items) -> [$[, lists:join($,, Items), $]].
hex(Bytes) -> [io_lib:format("~2.16.0b", [B]) || <<B>> <= Bytes].

str(Text) -> [$", [char(C) || C <- unicode:characters_to_list(Text)], $"].

char(C) when C =:= $"; C =:= $\\ -> [$\\, C];
char(C) when C >= 32, C < 127 -> C;
char(C) when C < 16#10000 -> io_lib:format("\\u~4.16.0b", [C]);
char(C) -> <<High:16, Low:16>> = <<C/utf16>>, [char(High), char(Low)].
