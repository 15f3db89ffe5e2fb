using System.Collections.Generic;
using Starling.Core.Primitives;
using Starling.Core.Tasks;

namespace Starling.Runtime.Tasks;

/// <summary>A task, and where its inputs are on this machine.</summary>
/// <param name="Task">The task.</param>
/// <param name="Inputs">The inputs that are here and have the right content, in the task's order.</param>
/// <param name="Missing">The inputs that are not: they are fetched from peers.</param>
public sealed record PreparedTask(TaskFile Task, IReadOnlyList<LocalInput> Inputs, IReadOnlyList<MissingInput> Missing);

/// <summary>An input that is not on this machine, and what to tell its owner.</summary>
public sealed record MissingInput(InputSpec Input, Problem Problem);
