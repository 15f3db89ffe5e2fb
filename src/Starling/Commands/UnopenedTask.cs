using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.IO;
using System.Linq;
using Starling.Core.Owner;
using Starling.Core.Primitives;
using Starling.Core.Tasks;
using Starling.Run;
using Starling.Runtime.Identity;
using Starling.Runtime.Machine;
using Starling.Runtime.Owner;
using Starling.Runtime.Storage;
using Starling.Runtime.Tasks;
using Starling.Runtime.Walls;

namespace Starling.Commands;

/// <summary>What can be said of a task that no process has open: trust and walls, needs, and what the owner's rules would give it now.</summary>
internal static class UnopenedTask
{
    /// <summary>The id of a task file in hexadecimal; null: it is none.</summary>
    public static string? IdOf(string path) =>
        new TaskLoader(new Ed25519Verifier(), null, null).TryLoad(path, out LoadedTask? loaded, out _) && loaded is LoadedTask.Here here ? here.Prepared.Task.Id.ToString() : null;

    /// <summary>Explains it.</summary>
    /// <param name="target">Its folder or file.</param>
    /// <param name="place">The owner's.</param>
    /// <param name="answer">What is known.</param>
    /// <param name="problem">It is neither.</param>
    public static bool TryExplain(string target, OwnerPlace place, [NotNullWhen(true)] out WhyAnswer? answer, [NotNullWhen(false)] out Problem? problem)
    {
        answer = null;
        int held = 0;
        TaskFile? task = null;
        string dir = Path.GetFullPath(target);
        if (Directory.Exists(target))
        {
            if (!TaskCredit.TryRead(target, out TaskCredit? credit, out problem))
            {
                return false;
            }

            (task, held) = (credit.Task, credit.HeldPieces);
        }
        else if (!File.Exists(target))
        {
            problem = new Problem("not-open", $"'{target}' is no task that is open, nor a folder or file of one", "'starling why' lists what is open");
            return false;
        }
        else if (new TaskLoader(new Ed25519Verifier(), null, null).TryLoad(target, out LoadedTask? loaded, out problem) && loaded is LoadedTask.Here here)
        {
            (task, dir) = (here.Prepared.Task, Path.GetFullPath(here.Prepared.Task.Info.Name));
        }

        if (task is null)
        {
            problem ??= new Problem("not-open", $"'{target}' is no task", "Name a .starling, .yaml, .rbw or .comptorrent file, or a folder");
            return false;
        }

        if (!OwnerConfig.TryRead(place.ConfigPath, out OwnerConfig? config, out problem))
        {
            return false;
        }

        var lines = new List<WhyLine>();
        if (held < task.Info.PieceCount)
        {
            lines.Add(new WhyLine { Code = "not-open", Reason = "no process has it open", Fix = $"starling run {(Directory.Exists(target) ? Path.Combine(target, TaskFolder.PrivateName, "task.starling") : target)} --dir {dir}" });
        }

        Problem? foreign = AddTrust(task, lines);
        AddNeeds(task.Info, dir, foreign, lines);
        lines.AddRange(Grant(task, place, config.Rules, foreign is null).Restrictions.Select(WhyAnswer.Of));
        answer = new WhyAnswer
        {
            Task = task.Id.ToString(),
            Name = task.Info.Name,
            Dir = dir,
            Pieces = task.Info.PieceCount,
            Finished = held,
            Lines = lines,
        };
        return true;
    }

    /// <summary>Whose commands they are; null: the owner's own, or none.</summary>
    private static Problem? AddTrust(TaskFile task, List<WhyLine> lines)
    {
        TaskSignature signature = TaskFileSigner.Check(task, new Ed25519Verifier());
        PublicKey mine = OwnerKeys.Identity()?.PublicKey ?? default;
        Problem? foreign = TrustRule.Check(task, signature, mine, OwnerKeys.All(), trust: false);
        if (foreign is not null && ForeignTask.Refusal(foreign, task.Info, allowNetwork: false, WallsProbe.Missing()) is { } refusal)
        {
            lines.Add(WhyAnswer.Of(refusal));
        }

        return foreign;
    }

    private static void AddNeeds(TaskInfo info, string dir, Problem? foreign, List<WhyLine> lines)
    {
        foreach (NeedFinding finding in NeedsCheck.Check(info.Needs, dir, info.Run is RunSpec.Container ? null : new HostPrograms(mayAsk: foreign is null)))
        {
            if (!finding.IsMet)
            {
                lines.Add(new WhyLine
                {
                    Code = "needs",
                    Reason = $"the task needs {finding.Need}; here: {finding.Found}",
                    Fix = "Add what is missing, or let others compute: results are exchanged all the same",
                });
            }
        }
    }

    private static Grant Grant(TaskFile task, OwnerPlace place, OwnerRules rules, bool isOwn)
    {
        RunningTask[] others = [.. TaskRegistry.Read(place.RunningFolder)];
        TaskDemand mine = new()
        {
            Id = task.Id.ToString(),
            Name = task.Info.Name,
            IsOwn = isOwn,
            Slots = Environment.ProcessorCount,
            MemoryOfRun = task.Info.Limits.MemoryBytes ?? task.Info.Needs.MemoryBytes,
        };
        MachineState state = new MachineSensors(place.Sensors).Read(rules, [.. others.Select(other => other.Pid)]);
        return OwnerPolicy.Decide(rules, state, [.. others.Select(other => other.Demand), mine])[^1];
    }
}
