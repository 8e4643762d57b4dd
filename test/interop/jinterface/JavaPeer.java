import com.ericsson.otp.erlang.*;

/**
 * A Jinterface node for jinterface.test.ts: pings the node it is given, has a term echoed by the
 * process `echo` there, calls functions there, then echoes what its own mailbox `mirror` gets until that is the atom `stop`.
 */
public class JavaPeer {
  public static void main(String[] args) throws Exception {
    OtpNode node = new OtpNode(args[0], args[1]);
    OtpMbox mirror = node.createMbox("mirror");
    System.out.println("ping " + node.ping(args[2], 5000));
    OtpErlangRef ref = node.createRef();
    OtpErlangObject[] items = {
      new OtpErlangAtom("größe"), new OtpErlangLong(1L << 40), new OtpErlangDouble(1.0),
      new OtpErlangString("text"), new OtpErlangBinary(new byte[200_000]), ref, mirror.self()
    };
    OtpErlangObject term = new OtpErlangTuple(items);
    OtpErlangObject[] request = { mirror.self(), ref, term };
    mirror.send("echo", args[2], new OtpErlangTuple(request));
    OtpErlangTuple answer = (OtpErlangTuple) mirror.receive(5000);
    System.out.println("echo " + answer.elementAt(1).equals(term));
    OtpSelf self = new OtpSelf("rpc_" + args[0], args[1]);
    OtpConnection connection = self.connect(new OtpPeer(args[2]));
    OtpErlangObject[] arguments = { new OtpErlangAtom("acme"), new OtpErlangLong(21) };
    connection.sendRPC("pricing", "quote", arguments);
    System.out.println("rpc " + connection.receiveRPC());
    connection.sendRPC("pricing", "nope", new OtpErlangObject[0]);
    System.out.println("rpc " + connection.receiveRPC());
    connection.close();
    while (true) {
      OtpErlangTuple message = (OtpErlangTuple) mirror.receive();
      if (message.elementAt(1) instanceof OtpErlangAtom) break;
      mirror.send((OtpErlangPid) message.elementAt(0), message.elementAt(1));
    }
    node.close();
  }
}
