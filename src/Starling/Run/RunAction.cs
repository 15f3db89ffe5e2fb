using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.IO;
using System.Linq;
using Starling.Commands;
using Starling.Core.Owner;
using Starling.Core.Primitives;
using Starling.Core.Tasks;
using Starling.Display;
using Starling.Events;
using Starling.LocalPeers;
using Starling.Runtime.Identity;
using Starling.Runtime.Owner;
using Starling.Runtime.Tasks;
using Starling.Torrents;

namespace Starling.Run;

/// <summary>What <c>starling run</c> does.</summary>
internal static class RunAction
{
    private const string PrivateFolder = ".starling";

    // A link is typed or pasted by people; a few ways in are enough, the others are found from there.
    private const int MaxLinkAddresses = 8;

    public static int Run(RunSettings settings)
    {
        var clock = new RunClock();
        DataFolder? data = settings.Data is null ? null
            : new DataFolder(settings.Data, (name, key) => Path.Combine(Path.GetFullPath(settings.Dir ?? name), PrivateFolder, "imported", key));
        if (!TaskArgument.TryLoad(settings.Task, new MagnetInputs { UseDht = settings.UseDht, DhtRouters = settings.DhtRouters }, data, out TaskArgument? task, out Problem? problem))
        {
            return Tell(settings, clock, problem, EventName.Error, ExitCode.Usage);
        }

        if (!OwnerConfig.TryRead(OwnerKeys.Place.ConfigPath, out OwnerConfig? config, out problem))
        {
            return Tell(settings, clock, problem, EventName.Refused, ExitCode.Usage);
        }

        settings = settings with { ContainerEngine = EngineOf(settings.ContainerEngine, config.Rules) };

        string dir = Path.GetFullPath(settings.Dir ?? task.FolderName);
        if (settings.LocalPeers == 1)
        {
            return RunAlone(settings, task, dir, clock);
        }

        return RunLocalPeers(settings, task, dir, clock);
    }

    private static int RunAlone(RunSettings settings, TaskArgument task, string dir, RunClock clock)
    {
        // An identity of a folder is new to everybody: where keys are named, it is the owner's.
        string identityFolder = HomeFolder() ?? (task.NamesMembers ? OwnerKeys.Folder : Path.Combine(dir, PrivateFolder));
        if (!IdentityFile.TryLoadOrCreate(identityFolder, out Ed25519Identity? identity, out Problem? problem))
        {
            return Tell(settings, clock, problem, EventName.Error, ExitCode.Failed);
        }

        if (!TrySaveTorrents(task.Inputs, dir, out Dictionary<string, PlannedInput> inputs, out problem))
        {
            return Tell(settings, clock, problem, EventName.Error, ExitCode.Failed);
        }

        PeerPlan plan = Plan(settings, task) with { Dir = dir, Listen = settings.Listen?.ToString(), Inputs = inputs };
        using IRunOutput output = RunOutputs.Choose(settings.Json, 1, clock);
        var run = new PeerRun(plan, task.File, task.Magnet, identity, output.Take, clock);
        using var signals = new RunSignals(run.RequestStop, () => Environment.Exit(run.ExitCodeWhenStopped));
        if (task.File is { } file)
        {
            output.Know(file.Info.Name, file.Info.PieceCount);
        }

        if (!run.TryPrepare(out int exitCode))
        {
            return exitCode;
        }

        output.ShowMagnet(CommandLineOf(run.Link()));
        output.Snapshots = run.Snapshots;
        exitCode = run.Run(new PeerStart()).GetAwaiter().GetResult();
        output.Snapshots = null;
        if (run.ExitCodeWhenStopped == ExitCode.Done)
        {
            Conclude(output, run.Outputs);
        }

        return exitCode;
    }

    private static int RunLocalPeers(RunSettings settings, TaskArgument task, string dir, RunClock clock)
    {
        string? taskFile = null;
        Problem? problem = null;
        if (task.File is { } file && (taskFile = TrySave(file, dir, out problem)) is null)
        {
            return Tell(settings, clock, problem!, EventName.Error, ExitCode.Failed);
        }

        if (!TrySaveTorrents(task.Inputs, dir, out Dictionary<string, PlannedInput> inputs, out problem))
        {
            return Tell(settings, clock, problem, EventName.Error, ExitCode.Failed);
        }

        PeerPlan plan = Plan(settings, task) with { TaskFile = taskFile, Magnet = task.File is null ? settings.Task : null, Inputs = inputs };
        PeerPlan[] plans = [.. Enumerable.Range(0, settings.LocalPeers).Select(number => plan with
        {
            Dir = Path.Combine(dir, $"peer-{number}"),
            Listen = ListenOf(settings, number),
            DiscoverLocally = number == 0,
            UseDht = plan.UseDht && number == 0,
            AskTrackers = number == 0,
            MapPort = settings.MapPort && number == 0,
        })];
        using IRunOutput output = RunOutputs.Choose(settings.Json, settings.LocalPeers, clock);
        if (task.File is not null)
        {
            output.Know(task.File.Info.Name, task.File.Info.PieceCount);
        }

        var supervisor = new Supervisor(output, clock, ready => CommandLineOf(task.LinkTo([.. Interleave(ready).Take(MaxLinkAddresses)])));
        using var signals = new RunSignals(_ => supervisor.Stop(), supervisor.Stop);
        int exitCode = supervisor.Run(plans).GetAwaiter().GetResult();
        if (supervisor.Outputs.Count > 0)
        {
            (int first, IReadOnlyList<string> paths) = supervisor.Outputs.First();
            Conclude(output, paths);
            if (supervisor.Outputs.Count > 1)
            {
                output.Conclude($"the same in {string.Join(", ", supervisor.Outputs.Keys.Where(peer => peer != first).Select(peer => $"peer-{peer}"))} of {dir}");
            }
        }

        return exitCode;
    }

    private static PeerPlan Plan(RunSettings settings, TaskArgument task) => new()
    {
        Dir = "",
        Slots = settings.SlotsFor(Environment.ProcessorCount),
        Peers = settings.Peers,
        UseUtp = settings.UseUtp,
        UseDht = settings.UseDht,
        DhtRouters = settings.DhtRouters,
        HomeFolder = HomeFolder(),
        Keep = settings.Keep.ToString(),
        Trust = settings.Trust,
        Network = settings.Network,
        ContainerEngine = settings.ContainerEngine,
        Exit = settings.Exit,
        MapPort = settings.MapPort,
        Publish = settings.Publish,
        Authors = [.. OwnerKeys.All().Select(key => key.ToString())],
    };

    /// <summary>The socket by which container tasks run: what the command line says goes before the owner's rules.</summary>
    private static string? EngineOf(string? asked, OwnerRules rules) => asked switch
    {
        null => rules.ContainerEngine,
        RunSettings.NoContainerEngine => null,
        _ => Path.GetFullPath(asked),
    };

    private static string? HomeFolder() =>
        Environment.GetEnvironmentVariable("STARLING_HOME") is { Length: > 0 } home ? Path.GetFullPath(home) : null;

    private static string? ListenOf(RunSettings settings, int number) => settings.Listen is not { } listen ? null
        : listen.Port == 0 ? listen.ToString()
        : new System.Net.IPEndPoint(listen.Address, listen.Port + number).ToString();

    /// <summary>The best address of each peer, then the second best of each, …</summary>
    private static IEnumerable<string> Interleave(IReadOnlyList<PeerReady> ready)
    {
        int most = ready.Max(peer => peer.Reachable.Count);
        for (int rank = 0; rank < most; rank++)
        {
            foreach (PeerReady peer in ready.Where(peer => rank < peer.Reachable.Count))
            {
                yield return peer.Reachable[rank];
            }
        }
    }

    private static string CommandLineOf(MagnetLink link) => $"starling run '{link.ToUri()}'";

    private static void Conclude(IRunOutput output, IReadOnlyList<string> paths)
    {
        foreach (string path in paths)
        {
            output.Conclude($"output: {path}");
        }
    }

    /// <summary>Where children read the task file. Only the owner may read it: it may hold a secret.</summary>
    private static string? TrySave(TaskFile file, string dir, out Problem? problem)
    {
        string folder = Path.Combine(dir, PrivateFolder);
        string path = Path.Combine(folder, "local-peers.starling");
        problem = null;
        try
        {
            Directory.CreateDirectory(folder);
            var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows())
            {
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            }

            using var stream = new FileStream(path, options);
            stream.Write(TaskFileCodec.Encode(file));
            return path;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            problem = new Problem("folder-unusable", $"{path}: {exception.Message}", "Choose another folder with --dir");
            return null;
        }
    }

    /// <summary>Where peers read the torrents of the inputs that are here, to share them without reading them once more.</summary>
    private static bool TrySaveTorrents(
        IReadOnlyList<LocalInput> found, string dir, out Dictionary<string, PlannedInput> planned, [NotNullWhen(false)] out Problem? problem)
    {
        planned = [];
        problem = null;
        string folder = Path.Combine(dir, PrivateFolder, "inputs-found");
        try
        {
            foreach (LocalInput input in found)
            {
                Directory.CreateDirectory(folder);
                string name = input.Input.Name;
                string path = Path.Combine(folder, $"{name}.torrent");
                if (!WholeFile.TryWrite(path, input.Torrent().ToBytes(), out problem))
                {
                    return false;
                }

                planned.Add(name, new PlannedInput(input.Path, path));
            }

            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            problem = new Problem("folder-unusable", $"{folder}: {exception.Message}", "Choose another folder with --dir");
            return false;
        }
    }

    private static int Tell(RunSettings settings, RunClock clock, Problem problem, string eventName, int exitCode)
    {
        if (settings.Json)
        {
            Console.Out.WriteLine(RunEventText.Write(NodeEventTranslation.OfProblem(eventName, problem) with
            {
                At = RunClock.Round(clock.Elapsed),
                Time = RunClock.Round(clock.StartedAt + clock.Elapsed),
            }));
        }
        else
        {
            Console.Error.WriteLine($"starling run: {VisibleText.OfLines(problem.ToString())}");
        }

        return exitCode;
    }
}
