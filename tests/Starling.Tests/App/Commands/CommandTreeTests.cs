using System;
using System.IO;
using System.Linq;
using Starling.Commands;

namespace Starling.Tests.App.Commands;

public sealed class CommandTreeTests
{
    /// <summary>What people read first; a change of it is a change of the contract.</summary>
    [Fact]
    public void HelpOfRun_NamesEveryFlag()
    {
        (int code, string output, _) = Invoke("run", "--help");

        Assert.Equal(0, code);
        Assert.Equal(
            """
            Description:
              Join the swarm of a task: compute, share and merge; then share until stopped.

            Usage:
              starling run <TASK> [options]

            Arguments:
              <TASK>  a .starling, .yaml, .rbw or .comptorrent file, or a magnet link

            Options:
              --data <DIR>                 the folder that holds the chunks of a .comptorrent file
              --dir <DIR>                  folder for the output (default: named after the task)
              --slots <N>                  pieces computed at once (default: cores ÷ local peers)
              --listen <ADDR:PORT>         where other peers reach this one (default: every address, any free port)
              --peer <HOST:PORT>           a peer to connect to; may be given many times
              --local-peers <N>            start N peers on this machine, each with its own process, identity and folder
                                           DIR/peer-K
              --no-utp                     connect by TCP alone, not by uTP
              --no-dht                     do not look for peers in the DHT
              --dht-router <HOST:PORT>     a node of the DHT to begin with; may be given many times (none is built in)
              --no-port-mapping            do not ask the router to forward the port (UPnP, NAT-PMP, PCP)
              --trust                      treat the task as mine: run its commands without walls, accept any attested
                                           result
              --network                    let walled commands of this task use the network, if it asks for that
              --keep <all|own|N>           results kept and shared once the output is made: all (default), own (computed
                                           here), or N copies in the swarm
              --container-engine <SOCKET>  run container tasks by Podman or Docker, by this socket (none: not even if
                                           config.yaml says so), instead of within the program's own walls
              --publish                    make the finished output a torrent and share it with any BitTorrent client
              --exit                       leave when the output is complete and the others have what they need
              --json                       print one JSON object per event and line
              -?, -h, --help               Show help and usage information
            """.Trim(),
            Normalised(output));
    }

    [Fact]
    public void HelpOfTheProgram_NamesEveryCommand_AndNoOther()
    {
        (int code, string output, _) = Invoke("--help");

        Assert.Equal(0, code);
        string[] commands = [.. Normalised(output).Split('\n')
            .SkipWhile(line => line != "Commands:").Skip(1)
            .Where(line => line.StartsWith("  ", StringComparison.Ordinal) && line[2] != ' ')
            .Select(line => line.Trim().Split(' ')[0])];
        Assert.Equal(["create", "run", "inspect", "import", "torrent", "doctor", "trust", "delegate", "credit", "config", "why", "model"], commands);
    }

    [Fact]
    public void NoCommandAtAll_IsAWrongLine_WithHelp()
    {
        (int code, string output, string error) = Invoke();

        Assert.Equal(2, code);
        Assert.Empty(output);
        Assert.Contains("Commands:", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("starling run: --slots 0: give a whole number from 1 to 256.", "run", "x.yaml", "--slots", "0")]
    [InlineData("starling run: --slots many: give a whole number from 1 to 256.", "run", "x.yaml", "--slots", "many")]
    [InlineData("starling run: --local-peers 257: give a whole number from 1 to 256.", "run", "x.yaml", "--local-peers", "257")]
    [InlineData("starling run: --peer nowhere: this is no HOST:PORT.", "run", "x.yaml", "--peer", "nowhere")]
    [InlineData("starling run: --peer ::1:7: this is no HOST:PORT.", "run", "x.yaml", "--peer", "::1:7")]
    [InlineData("starling run: --peer host:0: this is no HOST:PORT.", "run", "x.yaml", "--peer", "host:0")]
    [InlineData("starling run: --listen 6881: this is no ADDR:PORT.", "run", "x.yaml", "--listen", "6881")]
    [InlineData("starling run: --listen here:6881: this is no ADDR:PORT.", "run", "x.yaml", "--listen", "here:6881")]
    [InlineData("starling run: Required argument 'TASK' missing", "run")]
    [InlineData("starling run: Unrecognized command or argument '--fast'.", "run", "x.yaml", "--fast")]
    [InlineData("starling: there is no command or option 'fly'", "fly")]
    [InlineData("starling create: --input and --merge belong to a command given with -n", "create", "x.yaml", "--merge", "cat")]
    [InlineData("starling create: one YAML file makes one task", "create", "x.yaml", "y.yaml")]
    [InlineData("starling create: -n 0: give a whole number from 1", "create", "-n", "0", "--", "true")]
    [InlineData("starling model: --pieces 0: give a whole number from 1.", "model", "--pieces", "0", "--peers", "4")]
    [InlineData("starling model: --pieces 100000 --peers 100: the exact fraction would take too long", "model", "--pieces", "100000", "--peers", "100")]
    [InlineData("starling model: Option '--peers' is required.", "model", "--pieces", "64")]
    public void AWrongLine_EndsWithStatus2_AndSaysWhatIsWrong(string expected, params string[] args)
    {
        (int code, string output, string error) = Invoke(args);

        Assert.Equal(2, code);
        Assert.Empty(output);
        Assert.StartsWith(expected, error, StringComparison.Ordinal);
        Assert.Contains("Try 'starling", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("host.example:6881", "host.example", 6881)]
    [InlineData("192.0.2.7:1", "192.0.2.7", 1)]
    [InlineData("[2001:db8::7]:65535", "2001:db8::7", 65535)]
    public void HostAndPort_AreSplit(string text, string host, int port)
    {
        Assert.True(RunCommand.TrySplitHostPort(text, out string foundHost, out int foundPort));
        Assert.Equal((host, port), (foundHost, foundPort));
    }

    [Theory]
    [InlineData(16, 1, null, 16)]
    [InlineData(2, 4, null, 1)]
    [InlineData(16, 4, null, 4)]
    [InlineData(1000, 1, null, 256)]
    [InlineData(2, 4, 3, 3)]
    public void Slots_AreTheCoresSharedAmongLocalPeers(int cores, int localPeers, int? asked, int slots) =>
        Assert.Equal(slots, new RunSettings { Task = "x", LocalPeers = localPeers, Slots = asked }.SlotsFor(cores));

    [Fact]
    public void Model_PrintsTheExactExpectation()
    {
        var text = new StringWriter();
        ModelCommand.Write([64], [4, 16], text);

        string[] lines = text.ToString().Split('\n');
        Assert.Equal("    64      4      17.859439     3.584          7.4      16                 16.96", lines[1]);
        Assert.Equal("    64     16       5.961879    10.735         31.4       4                  4.24", lines[2]);
    }

    private static (int Code, string Output, string Error) Invoke(params string[] args)
    {
        var output = new StringWriter();
        var error = new StringWriter();
        int code = CommandTree.Invoke(args, output, error);
        return (code, output.ToString(), error.ToString());
    }

    // The parser shows the name of the running program, which in a test is the test host.
    private static string Normalised(string text) => string.Join('\n', text.Replace("testhost ", "starling ", StringComparison.Ordinal).ReplaceLineEndings("\n").Split('\n').Select(line => line.TrimEnd())).Trim();
}
