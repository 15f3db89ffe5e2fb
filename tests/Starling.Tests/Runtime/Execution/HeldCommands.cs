using System;
using System.Threading;
using Starling.Core.Primitives;
using Starling.Runtime.Execution;

namespace Starling.Tests.Runtime.Execution;

/// <summary>A program that runs commands with children of every kind until it is killed.</summary>
internal static class HeldCommands
{
    public const string Name = "hold-commands";

    /// <summary>Sleeping processes of each command: in its group, as a job of its own group, in sessions of their own, orphaned or not.</summary>
    public const int SleepersPerCommand = 5;

    public const int Commands = 2;

    public static int Hold(string folder, string seconds)
    {
        using var launcher = new ProcessLauncher();
        var threads = new Thread[Commands];
        for (int i = 0; i < Commands; i++)
        {
            var command = new ShellCommand
            {
                Text = $"set -m; sleep {seconds} & set +m; sleep {seconds} & setsid sleep {seconds} & (setsid sleep {seconds} &); sleep {seconds}",
                Folder = folder,
            };
            if (!launcher.TryStart(command, out ShellProcess? process, out Problem? problem))
            {
                Console.Error.WriteLine(problem);
                return 1;
            }

            threads[i] = new Thread(() => process.Run(_ => true, new StderrTail(), TimeSpan.FromHours(1)));
            threads[i].Start();
        }

        Console.WriteLine(launcher.GuardPid);
        Array.ForEach(threads, thread => thread.Join());
        return 0;
    }
}
