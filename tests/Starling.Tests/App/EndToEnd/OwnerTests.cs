using System;
using System.IO;
using System.Linq;
using System.Text.Json;
using Starling.Events;
using Starling.Runtime.Owner;
using Starling.Tests.Runtime.Execution;
using Starling.Tests.Runtime.Tasks;

namespace Starling.Tests.App.EndToEnd;

/// <summary>The owner's rules on the built program: they hold while it runs, runs go on where they were, and it is told why.</summary>
public sealed class OwnerTests : IDisposable
{
    private const int Kill = 9;
    private const int Terminate = 15;

    /// <summary>Counts to 60 a tenth of a second apart, keeps its count when it is told to end, and prints how often it began.</summary>
    private const string Counting = """
        name: counting
        pieces: 1
        verify: own
        run: |
          echo x >> "$STATE/begins"
          i=$(cat "$STATE/i" 2>/dev/null || echo 0)
          from=$i
          trap 'echo $i > "$STATE/i"; exit 85' TERM
          while [ $i -lt 60 ]; do sleep 0.1; i=$((i+1)); [ $((i % 10)) -eq 0 ] && echo $i > "$STATE/i"; done
          echo "began $(grep -c x "$STATE/begins") times, last at $from"
        """;

    private readonly TemporaryFolder _home = new();

    private string Config => Path.Combine(_home.Path, ".config", "starling", "config.yaml");

    public void Dispose() => _home.Dispose();

    [Fact]
    public void A_run_that_the_owner_stops_saves_its_state_and_goes_on_there_and_why_tells()
    {
        using StarlingRun run = Start(Counting);
        run.WaitFor(EventName.Computing);
        Assert.True(LiveProcesses.Eventually(() => Directory.GetFiles(Out, "i", SearchOption.AllDirectories).Length > 0));

        Set("halt", "stop");
        Set("hours", "none");
        RunEvent aborted = run.WaitFor(EventName.Aborted);
        Assert.Equal(("owner", 1), (aborted.Reason, aborted.Attempt));
        Assert.Contains(run.Events, read => read is { Event: EventName.Owner, Slots: 0, Code: "owner-hours" });
        WhyAnswer why = Why("counting");
        Assert.Contains(why.Lines, line => line is { Code: "owner-hours", First: null, Fix.Length: > 0 });
        Assert.Contains(why.Lines, line => line is { Code: "owner-hours", First: 0, Last: 0 });

        Set("hours", "all");
        RunEvent again = run.WaitFor(EventName.Computing);
        Assert.Equal(1, again.Attempt);
        Assert.Equal(0, run.WaitForExit());
        Assert.Matches("^began 2 times, last at [1-9]", File.ReadAllText(Path.Combine(Out, "counting")));
    }

    [Fact]
    public void A_paused_run_goes_on_where_it_was_without_a_new_beginning()
    {
        using StarlingRun run = Start(Counting);
        run.WaitFor(EventName.Computing);
        Assert.True(LiveProcesses.Eventually(() => Directory.GetFiles(Out, "i", SearchOption.AllDirectories).Length > 0));
        Assert.Equal(0, StarlingRun.Finish(_home.Path, "config", "set", "turtle", "{on: yes, slots: 0}").WaitForExit());
        run.WaitFor(EventName.Paused);
        string count = Count();
        Assert.Contains(Why("counting").Lines, line => line is { Code: "owner-turtle", First: 0 });
        System.Threading.Thread.Sleep(1500);
        Assert.Equal(count, Count());

        Assert.Equal(0, StarlingRun.Finish(_home.Path, "config", "turtle", "off").WaitForExit());
        run.WaitFor(EventName.Resumed);
        Assert.Equal(0, run.WaitForExit());
        Assert.Equal("began 1 times, last at 0\n", File.ReadAllText(Path.Combine(Out, "counting")));

        string Count() => File.ReadAllText(Directory.GetFiles(Out, "i", SearchOption.AllDirectories).Single());
    }

    [Fact]
    public void A_run_goes_on_where_it_was_after_the_program_was_killed()
    {
        using (StarlingRun killed = Start(Counting))
        {
            killed.WaitFor(EventName.Computing);
            Assert.True(LiveProcesses.Eventually(() => Directory.GetFiles(Out, "i", SearchOption.AllDirectories).Length > 0));
            killed.Signal(Kill);
            killed.WaitForExit();
        }

        using StarlingRun run = Start(Counting);
        Assert.Equal(0, run.WaitForExit());
        Assert.Matches("^began 2 times, last at [1-9]0\n$", File.ReadAllText(Path.Combine(Out, "counting")));
    }

    [Fact]
    public void A_run_that_is_told_to_end_with_the_program_saves_its_state()
    {
        using (StarlingRun stopped = Start(Counting))
        {
            stopped.WaitFor(EventName.Computing);
            Assert.True(LiveProcesses.Eventually(() => Directory.GetFiles(Out, "i", SearchOption.AllDirectories).Length > 0));
            stopped.Signal(Terminate);
            Assert.Equal(3, stopped.WaitForExit());
        }

        using StarlingRun run = Start(Counting);
        Assert.Equal(0, run.WaitForExit());
        Assert.Matches("^began 2 times, last at [1-9]", File.ReadAllText(Path.Combine(Out, "counting")));
    }

    [Fact]
    public void A_bad_edit_is_refused_with_key_and_fix_and_stops_nothing()
    {
        using StarlingRun run = Start(Counting);
        run.WaitFor(EventName.Computing);
        Directory.CreateDirectory(Path.GetDirectoryName(Config)!);
        File.WriteAllText(Config, "slots: 1\ncpu: 400%\n");
        RunEvent refused = run.WaitFor(EventName.Refused);
        Assert.Equal("config", refused.Code);
        Assert.StartsWith($"{Config}:2: cpu: '400%' is not a share", refused.Reason, StringComparison.Ordinal);
        Assert.StartsWith("Write it like cpu: 50%.", refused.Hint, StringComparison.Ordinal);
        Assert.Equal(0, run.WaitForExit());
        Assert.DoesNotContain(run.Events, read => read.Event is EventName.Aborted or EventName.Paused);
    }

    [Fact]
    public void A_broken_file_is_refused_at_the_start()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Config)!);
        File.WriteAllText(Config, "slotz: 1\n");
        using StarlingRun run = Start(Counting);
        Assert.Equal(2, run.WaitForExit());
        RunEvent refused = Assert.Single(run.Events);
        Assert.Equal("Did you mean slots?", refused.Hint);
        Assert.Equal(2, StarlingRun.Finish(_home.Path, "config").WaitForExit());
    }

    [Fact]
    public void Config_shows_each_value_with_its_origin_and_changes_one()
    {
        Assert.Equal(Config, Assert.Single(StarlingRun.Finish(_home.Path, "config", "path").Lines));
        Set("idle.input", "5m");
        using StarlingRun shown = StarlingRun.Finish(_home.Path, "config", "--json");
        JsonElement[] settings = [.. shown.Lines.Select(line => JsonSerializer.Deserialize<JsonElement>(line))];
        Assert.Equal(($"{Config}:1", "5m"), Find("idle.input"));
        Assert.Equal(("default", "none"), Find("idle.load"));
        Assert.Equal(("default", "100%"), Find("cpu"));
        Assert.Equal("5m", Assert.Single(StarlingRun.Finish(_home.Path, "config", "get", "idle.input").Lines));
        using StarlingRun unknown = StarlingRun.Finish(_home.Path, "config", "get", "slotz");
        Assert.Equal(2, unknown.WaitForExit());
        Assert.Contains("Did you mean slots?", unknown.Error, StringComparison.Ordinal);
        string wrong = _home.Write("wrong.yaml", "cpu: lots\n");
        using StarlingRun check = StarlingRun.Finish(_home.Path, "config", "check", wrong);
        Assert.Equal(2, check.WaitForExit());
        Assert.Contains($"{wrong}:1: cpu: 'lots' is not", check.Error, StringComparison.Ordinal);

        (string? Origin, string? Value) Find(string key)
        {
            JsonElement found = settings.Single(setting => setting.GetProperty("key").GetString() == key);
            return (found.GetProperty("origin").GetString(), found.GetProperty("value").GetString());
        }
    }

    [Fact]
    public void Why_tells_of_a_task_that_nobody_has_open()
    {
        Set("hours", "none");
        string task = _home.Write("far.yaml", "name: far\npieces: 3\nrun: echo\nneeds: {programs: [no-such-program-anywhere]}\n");
        using StarlingRun why = StarlingRun.Finish(_home.Path, "why", task, "--json");
        Assert.Equal(0, why.WaitForExit());
        WhyAnswer answer = JsonSerializer.Deserialize(Assert.Single(why.Lines), WhyJson.Default.WhyAnswer)!;
        Assert.Null(answer.Pid);
        Assert.Equal(["not-open", "needs", "owner-hours"], answer.Lines.Select(line => line.Code).Where(code => code != "walls"));
        Assert.All(answer.Lines, line => Assert.NotEmpty(line.Fix));
        using StarlingRun none = StarlingRun.Finish(_home.Path, "why");
        Assert.StartsWith("No task is open", Assert.Single(none.Lines), StringComparison.Ordinal);
        Assert.Equal(2, StarlingRun.Finish(_home.Path, "why", "nothing-like-this").WaitForExit());
    }

    private string Out => Path.Combine(_home.Path, "out");

    private StarlingRun Start(string task) => StarlingRun.Start(
        _home.Path, "run", _home.Write("task.yaml", task), "--dir", Out, "--slots", "1", "--trust", "--exit", "--json", "--listen", "127.0.0.1:0", "--no-dht", "--no-port-mapping");

    private void Set(string key, string value)
    {
        using StarlingRun set = StarlingRun.Finish(_home.Path, "config", "set", key, value);
        Assert.True(set.WaitForExit() == 0, set.Error);
    }

    private WhyAnswer Why(string target)
    {
        using StarlingRun why = StarlingRun.Finish(_home.Path, "why", target, "--json");
        Assert.True(why.WaitForExit() == 0, why.Error);
        return JsonSerializer.Deserialize(Assert.Single(why.Lines), WhyJson.Default.WhyAnswer)!;
    }
}
