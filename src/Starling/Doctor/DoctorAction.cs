using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Threading.Tasks;
using Spectre.Console;
using Starling.Core.Primitives;
using Starling.Display;
using Starling.Events;
using Starling.Run;
using Starling.Runtime.Doctor;

namespace Starling.Doctor;

/// <summary>What <c>starling doctor</c> does.</summary>
internal static class DoctorAction
{
    private const string SavedNodes = "dht";

    public static int Run(DoctorSettings settings, TextWriter writer, TextWriter error)
    {
        Subject? subject = null;
        if (settings.Task is not null && !Subject.TryLoad(settings.Task, out subject, out Problem? problem))
        {
            error.WriteLine($"starling doctor: {VisibleText.OfLines(problem.ToString())}");
            return ExitCode.Usage;
        }

        return RunAsync(settings, Options(settings, subject), writer).GetAwaiter().GetResult();
    }

    private static ExaminationOptions Options(DoctorSettings settings, Subject? subject)
    {
        string folder = Path.GetFullPath(settings.Dir ?? subject?.FolderName ?? ".");
        return new ExaminationOptions
        {
            Listen = settings.Listen,
            MapPort = settings.MapPort,
            Folder = folder,
            NeededBytes = subject?.NeededBytes,
            Trackers = [.. settings.Trackers.Concat(subject?.Trackers ?? []).Distinct()],
            Swarm = subject?.Swarm,
            Nodes = [.. settings.DhtRouters.Concat(subject?.Nodes ?? []).Distinct()],
            NodeFiles = [Path.Combine(OwnerKeys.Folder, SavedNodes), Path.Combine(folder, ".starling", SavedNodes)],
            Needs = subject?.Needs,
            MayRunPrograms = subject is { IsMine: true },
        };
    }

    private static async Task<int> RunAsync(DoctorSettings settings, ExaminationOptions options, TextWriter writer)
    {
        bool terminal = !settings.Json && !Console.IsOutputRedirected && Environment.GetEnvironmentVariable("TERM") is not (null or "" or "dumb");
        var clock = new RunClock();
        var findings = new List<Finding>();
        Examination examination = Examination.Begin(options);
        await using (examination.ConfigureAwait(false))
        {
            if (terminal)
            {
                IAnsiConsole console = LiveOutput.Terminal();
                await console.Status().StartAsync("looking", async status =>
                {
                    foreach (RunningCheck check in examination.Checks)
                    {
                        status.Status = Markup.Escape(check.Name);
                        findings.AddRange(await ShownAsync(check).ConfigureAwait(false));
                    }
                }).ConfigureAwait(false);
                DoctorTable.Write(console, writer, findings);
            }
            else
            {
                foreach (RunningCheck check in examination.Checks)
                {
                    foreach (Finding finding in await ShownAsync(check).ConfigureAwait(false))
                    {
                        findings.Add(finding);
                        writer.WriteLine(settings.Json ? Json(DoctorEvent.Of(finding), clock) : Line(finding));
                        writer.Flush();
                    }
                }
            }
        }

        int Count(Health health) => findings.Count(finding => finding.Health == health);
        if (settings.Json)
        {
            writer.WriteLine(Json(
                new DoctorEvent { Event = "checked", Ok = Count(Health.Ok), Warnings = Count(Health.Warning), Failed = Count(Health.Failed) }, clock));
        }
        else
        {
            writer.WriteLine($"{Count(Health.Ok)} ok, {Quantity.Count(Count(Health.Warning), "warning")}, {Count(Health.Failed)} failed");
        }

        return Count(Health.Failed) > 0 ? ExitCode.Failed : ExitCode.Done;
    }

    /// <summary>Texts of trackers and files of strangers can't repaint the terminal.</summary>
    private static async Task<IEnumerable<Finding>> ShownAsync(RunningCheck check) =>
        (await check.Findings.ConfigureAwait(false)).Select(finding => finding with
        {
            Subject = VisibleText.Of(finding.Subject),
            Seen = VisibleText.Of(finding.Seen),
        });

    private static string Line(Finding finding)
    {
        string line = $"{DoctorEvent.WordOf(finding.Health),-7}  {finding.Check}{(finding.Subject.Length > 0 ? $", {finding.Subject}" : "")}: {finding.Seen}";
        return finding.Fix.Length > 0 ? $"{line}. {finding.Fix}" : line;
    }

    private static string Json(DoctorEvent happened, RunClock clock) =>
        DoctorEventText.Write(happened with { At = RunClock.Round(clock.Elapsed) });
}
