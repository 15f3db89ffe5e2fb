using System;
using System.IO;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using Starling.Core.Primitives;
using Starling.Core.Tasks;
using Starling.Display;
using Starling.Events;
using Starling.Run;
using Starling.Runtime.Identity;

namespace Starling.LocalPeers;

/// <summary>The child's side of <c>--local-peers</c>: takes its plan, listens, waits for the others, runs, and never outlives its supervisor.</summary>
internal static class LocalPeer
{
    private const string PrivateFolder = ".starling";

    public static int Serve()
    {
        var clock = new RunClock();
        // Ctrl-C reaches the whole process group; the supervisor alone decides what it means.
        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, context => context.Cancel = true);
        using PosixSignalRegistration hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, context => context.Cancel = true);

        using var input = new StreamReader(Console.OpenStandardInput(), Encoding.UTF8);
        using var writer = new StreamWriter(Console.OpenStandardOutput(), new UTF8Encoding(false));
        var lines = new JsonOutput(writer);
        using var output = new OutputThread(lines);
        if (input.ReadLine() is not string line || JsonSerializer.Deserialize(line, PeerProtocolJson.Default.PeerPlan) is not { } plan)
        {
            return ExitCode.Usage;
        }

        return Run(plan, input, lines, output, clock).GetAwaiter().GetResult();
    }

    private static async Task<int> Run(PeerPlan plan, StreamReader input, JsonOutput lines, OutputThread output, RunClock clock)
    {
        TaskFile? task = null;
        MagnetLink? magnet = null;
        Ed25519Identity? identity = null;
        Problem? problem = null;
        bool known = plan.TaskFile is not null
            ? TaskFileCodec.TryDecode(await File.ReadAllBytesAsync(plan.TaskFile).ConfigureAwait(false), out task, out problem)
            : MagnetLink.TryParse(plan.Magnet ?? "", out magnet, out problem);
        if (!known || !IdentityFile.TryLoadOrCreate(plan.IdentityFolder ?? Path.Combine(plan.Dir, PrivateFolder), out identity, out problem))
        {
            output.Take(NodeEventTranslation.OfProblem(EventName.Error, problem!) with { At = clock.Elapsed, Time = clock.StartedAt + clock.Elapsed });
            return ExitCode.Failed;
        }

        await using var run = new PeerRun(plan, task, magnet, identity!, output.Take, clock);
        using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context =>
        {
            context.Cancel = true;
            run.RequestStop("SIGTERM");
        });
        if (!run.TryPrepare(out int exitCode))
        {
            return exitCode;
        }

        lines.Write(JsonSerializer.Serialize(run.Describe(), PeerProtocolJson.Default.PeerReady));
        if (await input.ReadLineAsync().ConfigureAwait(false) is not string line || line == PeerProtocol.Stop
            || JsonSerializer.Deserialize(line, PeerProtocolJson.Default.PeerStart) is not { } start)
        {
            return ExitCode.Stopped;
        }

        var obedience = new Thread(() => Obey(input, run)) { Name = "supervisor", IsBackground = true };
        obedience.Start();
        return await run.Run(start).ConfigureAwait(false);
    }

    /// <summary>Reads the supervisor's words until it is gone; then ends this process at once, its runs with it.</summary>
    private static void Obey(StreamReader input, PeerRun run)
    {
        while (input.ReadLine() is string line)
        {
            if (line == PeerProtocol.Stop)
            {
                run.RequestStop("the supervisor was asked to stop");
            }
        }

        Environment.Exit(run.ExitCodeWhenStopped);
    }
}
