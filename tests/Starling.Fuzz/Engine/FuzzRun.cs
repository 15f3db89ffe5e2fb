using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Threading;
using Starling.Fuzz.Coverage;
using Starling.Fuzz.Targets;
using Process = System.Diagnostics.Process;

namespace Starling.Fuzz.Engine;

/// <summary>Runs targets one after the other, tells how far it got, and keeps the corpora.</summary>
internal sealed class FuzzRun(FuzzRunOptions options)
{
    /// <summary>Processor time that one input may take; far more than any needs.</summary>
    private static readonly TimeSpan MaxTime = TimeSpan.FromSeconds(20);

    private readonly BlockMap _blocks = BlockMap.Load(AppContext.BaseDirectory);

    public bool Run()
    {
        FuzzTarget[] targets = Chosen();
        if (targets.Length == 0)
        {
            Console.Error.WriteLine($"There is no such target. There are: {string.Join(", ", AllTargets.Table.Select(target => target.Name))}");
            return false;
        }

        bool well = true;
        Console.WriteLine($"{"target",-20} {"inputs",12} {"understood",10} {"a cpu-s",9} {"ways",7} {"blocks",12}  pool");
        foreach (FuzzTarget target in targets)
        {
            well &= Run(target);
        }

        return well;
    }

    private FuzzTarget[] Chosen()
    {
        if (options.Filter.Length == 0)
        {
            return [.. AllTargets.Table];
        }

        FuzzTarget[] exact = [.. AllTargets.Table.Where(target => options.Filter.Contains(target.Name))];
        return exact.Length > 0 ? exact : [.. AllTargets.Table.Where(target => options.Filter.Any(part => target.Name.Contains(part, StringComparison.Ordinal)))];
    }

    private bool Run(FuzzTarget target)
    {
        List<byte[]> corpus = options.Input is { } input ? [input] : Corpus.Read(options.Corpus, target.Name);
        Fuzzer? fuzzer = null;
        string pool = Path.Combine(options.Pool, target.Name + ".pool");
        List<byte[]> more = options.Pool.Length > 0 && File.Exists(pool) ? Script.Chunks(File.ReadAllBytes(pool)) : [];
        TimeSpan start = ProcessorTime();
        try
        {
            fuzzer = new Fuzzer(target, [.. corpus, .. more], options.Seed);
            using var watch = new Timer(new Watcher(target, fuzzer).Look, null, TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(5));
            fuzzer.Run(options.Input is null ? options.Inputs : 0);
        }
        catch (FuzzFailureException failure)
        {
            Console.WriteLine($"FAILED {failure.Message}");
            if (fuzzer is not null && options is { CorpusSize: > 0, Corpus.Length: > 0 } && corpus.Count(each => each.AsSpan().SequenceEqual(fuzzer.Current)) == 0)
            {
                Corpus.Write(options.Corpus, target.Name, [.. corpus, fuzzer.Current]);
            }

            return false;
        }

        double seconds = (ProcessorTime() - start).TotalSeconds;
        (int reached, int all) = _blocks.Of(target.Covers);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{target.Name,-20} {fuzzer.Done,12} {fuzzer.Understood,10} {fuzzer.Done / seconds,9:F0} {fuzzer.Pool.Features,7} {(all == 0 ? "" : $"{reached}/{all}"),12}  {fuzzer.Pool.Count}"));
        Console.Out.Flush();
        if (Trace.IsOn && options.Pool.Length > 0)
        {
            Directory.CreateDirectory(options.Pool);
            File.WriteAllBytes(pool, Script.Of([.. fuzzer.Pool.Inputs]));
        }

        if (Trace.IsOn && options is { Inputs: > 0, Input: null, CorpusSize: > 0, Corpus.Length: > 0 })
        {
            List<byte[]> reduced = new CorpusReduction(fuzzer, options.CorpusSize).Reduce(target.Seeds(), corpus);
            Corpus.Write(options.Corpus, target.Name, reduced);
        }

        return true;
    }

    private static TimeSpan ProcessorTime()
    {
        using var self = Process.GetCurrentProcess();
        return self.TotalProcessorTime;
    }

    /// <summary>Ends the process when one input takes too long: there is no other way to end a loop.</summary>
    private sealed class Watcher(FuzzTarget target, Fuzzer fuzzer)
    {
        private long _done = -1;
        private TimeSpan _since;

        public void Look(object? _)
        {
            if (fuzzer.Done != _done)
            {
                (_done, _since) = (fuzzer.Done, ProcessorTime());
            }
            else if (ProcessorTime() - _since > MaxTime)
            {
                Console.WriteLine($"FAILED {target.Name}: one input takes more than {MaxTime.TotalSeconds} s: {Convert.ToHexStringLower(fuzzer.Running.Span)}");
                Environment.Exit(1);
            }
        }
    }
}
