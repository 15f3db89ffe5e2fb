using System.CommandLine;
using System.CommandLine.Parsing;
using System.Net;
using Starling.Core.Primitives;
using Starling.Core.Trackers;
using Starling.Doctor;

namespace Starling.Commands;

/// <summary><c>starling doctor</c>: what this machine has, lacks, and how to mend it.</summary>
internal static class DoctorCommand
{
    public static Command Build()
    {
        var task = new Argument<string?>("TASK")
        {
            Description = "a task or torrent, as a file or magnet link: its trackers, nodes, needs and size are looked at too",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var dir = new Option<string?>("--dir") { Description = "folder for the output (default: as run would take)", HelpName = "DIR" };
        Option<IPEndPoint?> listen = RunCommand.ListenOption();
        var trackers = new Option<string[]>("--tracker") { Description = "a tracker to ask; may be given many times", HelpName = "URL" };
        trackers.Validators.Add(CheckTrackers);
        Option<string[]> routers = RunCommand.RouterOption();
        var noPortMapping = new Option<bool>("--no-port-mapping") { Description = "do not ask the router to forward a port" };
        var json = new Option<bool>("--json") { Description = "print one JSON object per finding and line" };
        var command = new Command("doctor", "Check ports, router, DHT, trackers, disk, clock and walls of this machine, and say what to do.")
        {
            task, dir, listen, trackers, routers, noPortMapping, json,
        };
        command.SetAction(parsed => DoctorAction.Run(
            new DoctorSettings
            {
                Task = parsed.GetValue(task),
                Dir = parsed.GetValue(dir),
                Listen = parsed.GetValue(listen),
                Trackers = parsed.GetValue(trackers) ?? [],
                DhtRouters = parsed.GetValue(routers) ?? [],
                MapPort = !parsed.GetValue(noPortMapping),
                Json = parsed.GetValue(json),
            },
            parsed.InvocationConfiguration.Output,
            parsed.InvocationConfiguration.Error));
        return command;
    }

    private static void CheckTrackers(OptionResult result)
    {
        foreach (Token token in result.Tokens)
        {
            if (!TrackerUrl.TryParse(token.Value, out _, out Problem? problem))
            {
                result.AddError($"--tracker {problem}");
            }
        }
    }
}
